namespace XLLM.Silo.Tokenization.Patterns;

/// <summary>A parsed pattern.</summary>
internal abstract record PatternNode
{
    /// <summary>One code point of a set.</summary>
    public sealed record Single(CodePointSet Set) : PatternNode;

    /// <summary>Parts one after another; no part: the empty text.</summary>
    public sealed record Sequence(IReadOnlyList<PatternNode> Parts) : PatternNode;

    /// <summary>The first branch that leads to a match.</summary>
    public sealed record Choice(IReadOnlyList<PatternNode> Branches) : PatternNode;

    /// <summary>A body repeated; <see cref="int.MaxValue"/> as maximum: without bound.</summary>
    public sealed record Repeat(PatternNode Body, int Minimum, int Maximum, RepeatMode Mode) : PatternNode;

    /// <summary>A condition on what follows or, with <paramref name="Behind"/>, on what precedes; consumes nothing.</summary>
    public sealed record Look(PatternNode Body, bool Behind, bool Negative) : PatternNode;

    /// <summary>A body whose first match is final.</summary>
    public sealed record Atomic(PatternNode Body) : PatternNode;

    /// <summary>A condition on the position alone.</summary>
    public sealed record Anchor(AnchorKind Kind) : PatternNode;

    public enum RepeatMode
    {
        Greedy,
        Lazy,
        Possessive,
    }

    public enum AnchorKind
    {
        TextStart,
        TextEnd,
        TextEndOrFinalNewline,
        LineStart,
        LineEnd,
        WordBoundary,
        NotWordBoundary,
    }

    /// <summary>Whether the node can match without consuming anything.</summary>
    public bool CanBeEmpty() => this switch
    {
        Single => false,
        Sequence sequence => sequence.Parts.All(part => part.CanBeEmpty()),
        Choice choice => choice.Branches.Any(branch => branch.CanBeEmpty()),
        Repeat repeat => repeat.Minimum == 0 || repeat.Body.CanBeEmpty(),
        Atomic atomic => atomic.Body.CanBeEmpty(),
        _ => true,
    };

    /// <summary>The number of code points that every match has, or null where matches differ.</summary>
    public int? FixedLength() => this switch
    {
        Single => 1,
        Sequence sequence => sequence.Parts.Aggregate((int?)0, (sum, part) => sum + part.FixedLength()),
        Choice choice => choice.Branches.Select(branch => branch.FixedLength()).Distinct().ToArray() is [var one] ? one : null,
        Repeat repeat => repeat.Minimum == repeat.Maximum ? repeat.Minimum * repeat.Body.FixedLength() : null,
        Atomic atomic => atomic.Body.FixedLength(),
        _ => 0,
    };

    /// <summary>The sets that a match can begin with, or null where it can be empty and so begin with anything.</summary>
    public IReadOnlyList<CodePointSet>? First()
    {
        switch (this)
        {
            case Single single:
                return [single.Set];
            case Atomic atomic:
                return atomic.Body.First();
            case Repeat repeat:
                return repeat.Minimum == 0 ? null : repeat.Body.First();
            case Choice choice:
                var branches = choice.Branches.Select(branch => branch.First()).ToArray();
                return branches.Any(first => first is null) ? null : [.. branches.SelectMany(first => first!)];
            case Sequence sequence:
                var sets = new List<CodePointSet>();
                foreach (var part in sequence.Parts)
                {
                    if (part.First() is { } first)
                    {
                        return [.. sets, .. first];
                    }

                    if (part is Repeat { Body: var body } && body.First() is { } optional)
                    {
                        sets.AddRange(optional);
                        continue;
                    }

                    if (part is Look or Anchor)
                    {
                        continue;
                    }

                    return null;
                }

                return null;
            default:
                return null;
        }
    }
}
