namespace XLLM.Silo.Tokenization.Patterns;

/// <summary>A pattern's instructions, as <see cref="PatternMatcher"/> runs them.</summary>
internal sealed class PatternProgram
{
    /// <summary>Instructions up to this; the longest known pattern has about 60. Counted groups are written out, so a hostile one could be huge.</summary>
    private const int MaximumLength = 20_000;

    private readonly List<Instruction> _instructions = [];

    private PatternProgram()
    {
    }

    public enum Operation : byte
    {
        /// <summary>Consume one code point of the set.</summary>
        One,

        /// <summary>Consume as many code points of the set as there are, within the counts; give them back one by one.</summary>
        Many,

        /// <summary>The same, giving nothing back.</summary>
        ManyPossessive,

        /// <summary>Go on at A; if that fails, at B.</summary>
        Fork,

        /// <summary>Go on at A.</summary>
        Jump,

        /// <summary>The part program must match (A = 0) or must not (A = 1) here or, with B > 0, B code points before.</summary>
        Look,

        /// <summary>Consume the part program's first match.</summary>
        Atomic,

        /// <summary>The position must satisfy the anchor A.</summary>
        Anchor,

        /// <summary>The match is complete.</summary>
        Accept,
    }

    public Instruction[] Instructions { get; private set; } = [];

    public static PatternProgram Compile(PatternNode node)
    {
        var program = new PatternProgram();
        program.Emit(node);
        program.Add(new(Operation.Accept));
        program.Instructions = [.. program._instructions];
        return program;
    }

    private int Add(Instruction instruction)
    {
        if (_instructions.Count == MaximumLength)
        {
            throw new FormatException($"the pattern compiles to more than {MaximumLength} instructions");
        }

        _instructions.Add(instruction);
        return _instructions.Count - 1;
    }

    private void Emit(PatternNode node)
    {
        switch (node)
        {
            case PatternNode.Single single:
                Add(new(Operation.One, Set: single.Set));
                break;
            case PatternNode.Sequence sequence:
                foreach (var part in sequence.Parts)
                {
                    Emit(part);
                }

                break;
            case PatternNode.Choice choice:
                EmitChoice(choice.Branches);
                break;
            case PatternNode.Repeat { Body: PatternNode.Single single, Mode: not PatternNode.RepeatMode.Lazy } repeat:
                var operation = repeat.Mode is PatternNode.RepeatMode.Possessive ? Operation.ManyPossessive : Operation.Many;
                Add(new(operation, repeat.Minimum, repeat.Maximum, single.Set));
                break;
            case PatternNode.Repeat { Mode: PatternNode.RepeatMode.Possessive } repeat:
                Add(new(Operation.Atomic, Part: Compile(repeat with { Mode = PatternNode.RepeatMode.Greedy })));
                break;
            case PatternNode.Repeat repeat:
                EmitRepeat(repeat);
                break;
            case PatternNode.Look look:
                Add(new(Operation.Look, look.Negative ? 1 : 0, look.Behind ? look.Body.FixedLength() ?? 0 : 0, Part: Compile(look.Body)));
                break;
            case PatternNode.Atomic atomic:
                Add(new(Operation.Atomic, Part: Compile(atomic.Body)));
                break;
            case PatternNode.Anchor anchor:
                Add(new(Operation.Anchor, (int)anchor.Kind));
                break;
            default:
                throw new InvalidOperationException($"no instruction for {node.GetType().Name}");
        }
    }

    private void EmitChoice(IReadOnlyList<PatternNode> branches)
    {
        var jumps = new List<int>();
        for (var i = 0; i < branches.Count; i++)
        {
            if (i == branches.Count - 1)
            {
                Emit(branches[i]);
                break;
            }

            var fork = Add(new(Operation.Fork));
            Emit(branches[i]);
            jumps.Add(Add(new(Operation.Jump)));
            _instructions[fork] = new(Operation.Fork, fork + 1, _instructions.Count);
        }

        foreach (var jump in jumps)
        {
            _instructions[jump] = new(Operation.Jump, _instructions.Count);
        }
    }

    private void EmitRepeat(PatternNode.Repeat repeat)
    {
        var lazy = repeat.Mode is PatternNode.RepeatMode.Lazy;
        for (var i = 0; i < repeat.Minimum; i++)
        {
            Emit(repeat.Body);
        }

        if (repeat.Maximum == int.MaxValue)
        {
            var fork = Add(new(Operation.Fork));
            Emit(repeat.Body);
            Add(new(Operation.Jump, fork));
            _instructions[fork] = ForkTo(fork + 1, _instructions.Count, lazy);
            return;
        }

        var forks = new List<int>();
        for (var i = repeat.Minimum; i < repeat.Maximum; i++)
        {
            forks.Add(Add(new(Operation.Fork)));
            Emit(repeat.Body);
        }

        foreach (var fork in forks)
        {
            _instructions[fork] = ForkTo(fork + 1, _instructions.Count, lazy);
        }
    }

    private static Instruction ForkTo(int body, int exit, bool lazy) => lazy ? new(Operation.Fork, exit, body) : new(Operation.Fork, body, exit);

    /// <summary>One step; what A and B mean is said at the operation.</summary>
    internal readonly record struct Instruction(Operation Operation, int A = 0, int B = 0, CodePointSet? Set = null, PatternProgram? Part = null);
}
