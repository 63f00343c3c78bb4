namespace XLLM.Silo.Tokenization.Patterns;

/// <summary>
/// A regular expression over code points. .NET's own engine cannot serve here: it sees UTF-16 units, so that <c>\p{L}</c> misses every letter
/// outside the basic plane, it knows no scripts and no class intersection. Matching is a backtracking search with a budget of steps,
/// since patterns come from files that anybody may have written. Immutable: one instance serves all threads.
/// </summary>
internal sealed class Pattern
{
    /// <summary>Most branches that are told apart by their first code point; further ones are tried as one.</summary>
    private const int MaximumBranches = 32;

    private readonly Branch[] _branches;

    /// <summary>Per ASCII character the branches that can begin with it, as bits.</summary>
    private readonly uint[] _byAscii = new uint[128];

    private Pattern(string text, Branch[] branches)
    {
        Text = text;
        _branches = branches;
        for (var character = 0; character < 128; character++)
        {
            for (var i = 0; i < branches.Length; i++)
            {
                if (branches[i].CanBeginWith(character))
                {
                    _byAscii[character] |= 1u << i;
                }
            }
        }
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <exception cref="FormatException">The pattern is malformed or uses what is not supported.</exception>
    public static Pattern Parse(string text)
    {
        var node = PatternParser.Parse(text);
        IReadOnlyList<PatternNode> branches = node is PatternNode.Choice choice ? choice.Branches : [node];
        if (branches.Count > MaximumBranches)
        {
            branches = [.. branches.Take(MaximumBranches - 1), new PatternNode.Choice([.. branches.Skip(MaximumBranches - 1)])];
        }

        return new(text, [.. branches.Select(branch => new Branch(PatternProgram.Compile(branch), branch.First()?.ToArray()))]);
    }

    /// <summary>Finds the first match at or after a position.</summary>
    /// <param name="matcher">Holds the text and what is left of the budget.</param>
    /// <exception cref="PatternBudgetException">The search took more steps than any sound pattern needs.</exception>
    public bool TryFind(ref PatternMatcher matcher, int from, out int start, out int end)
    {
        for (var position = from; position <= matcher.Text.Length; position += matcher.LengthAt(position))
        {
            end = MatchAt(ref matcher, position);
            if (end >= 0)
            {
                start = position;
                return true;
            }
        }

        start = end = -1;
        return false;
    }

    private int MatchAt(ref PatternMatcher matcher, int position)
    {
        var codePoint = matcher.CodePointAt(position);
        if ((uint)codePoint < 128)
        {
            for (var candidates = _byAscii[codePoint]; candidates != 0; candidates &= candidates - 1)
            {
                var end = matcher.Run(_branches[System.Numerics.BitOperations.TrailingZeroCount(candidates)].Program, position);
                if (end >= 0)
                {
                    return end;
                }
            }

            return -1;
        }

        foreach (var branch in _branches)
        {
            if (branch.CanBeginWith(codePoint) && matcher.Run(branch.Program, position) is var end and >= 0)
            {
                return end;
            }
        }

        return -1;
    }

    /// <param name="First">What a match can begin with; null: anything, even the text's end.</param>
    private readonly record struct Branch(PatternProgram Program, CodePointSet[]? First)
    {
        /// <summary>-1 is the text's end.</summary>
        public bool CanBeginWith(int codePoint)
        {
            if (First is null)
            {
                return true;
            }

            if (codePoint < 0)
            {
                return false;
            }

            foreach (var set in First)
            {
                if (set.Contains(codePoint))
                {
                    return true;
                }
            }

            return false;
        }
    }
}
