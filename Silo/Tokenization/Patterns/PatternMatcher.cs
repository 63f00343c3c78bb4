using System.Buffers;
using System.Runtime.CompilerServices;

namespace XLLM.Silo.Tokenization.Patterns;

/// <summary>Runs pattern programs on one text. Dispose gives the stack back to its pool.</summary>
internal ref struct PatternMatcher
{
    /// <summary>
    /// Steps allowed: a fixed part, and so many per UTF-16 unit. Known patterns need fewer than 20 per unit on any text;
    /// one that backtracks exponentially exhausts a short text's share in milliseconds.
    /// </summary>
    private const long FixedBudget = 1_000_000, BudgetPerUnit = 200;

    private readonly long _budget;
    private long _steps;
    private Frame[] _frames;

    /// <param name="text">Well-formed UTF-16: no unpaired surrogates.</param>
    public PatternMatcher(ReadOnlySpan<char> text)
    {
        Text = text;
        _frames = ArrayPool<Frame>.Shared.Rent(64);
        _budget = FixedBudget + (BudgetPerUnit * text.Length);
    }

    public ReadOnlySpan<char> Text { get; }

    public void Dispose()
    {
        ArrayPool<Frame>.Shared.Return(_frames);
        _frames = [];
    }

    /// <summary>The code point at a position, or -1 at the text's end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly int CodePointAt(int position)
    {
        if ((uint)position >= (uint)Text.Length)
        {
            return -1;
        }

        int unit = Text[position];
        return (unit & 0xF800) == 0xD800 ? char.ConvertToUtf32((char)unit, Text[position + 1]) : unit;
    }

    /// <summary>UTF-16 units of the code point at a position; 1 at the text's end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly int LengthAt(int position) => position < Text.Length && (Text[position] & 0xF800) == 0xD800 ? 2 : 1;

    /// <summary>Where the program's match that begins at a position ends, or -1.</summary>
    public int Run(PatternProgram program, int position) => Run(program, position, stack: 0);

    private int Run(PatternProgram program, int position, int stack)
    {
        var instructions = program.Instructions;
        var bottom = stack;
        var next = 0;
        while (true)
        {
            if (++_steps > _budget)
            {
                throw new PatternBudgetException(_budget, Text.Length);
            }

            ref readonly var instruction = ref instructions[next];
            bool matches;
            switch (instruction.Operation)
            {
                case PatternProgram.Operation.One:
                    var codePoint = CodePointAt(position);
                    matches = codePoint >= 0 && instruction.Set!.Contains(codePoint);
                    position += codePoint >= 0x10000 ? 2 : 1;
                    next++;
                    break;
                case PatternProgram.Operation.Many:
                    matches = ConsumeMany(in instruction, ref position, out var least);
                    next++;
                    if (matches && position > least)
                    {
                        Push(ref stack, new(next, position, least));
                    }

                    break;
                case PatternProgram.Operation.ManyPossessive:
                    matches = ConsumeMany(in instruction, ref position, out _);
                    next++;
                    break;
                case PatternProgram.Operation.Fork:
                    Push(ref stack, new(instruction.B, position, -1));
                    next = instruction.A;
                    matches = true;
                    break;
                case PatternProgram.Operation.Jump:
                    next = instruction.A;
                    matches = true;
                    break;
                case PatternProgram.Operation.Look:
                    var from = StepBack(position, instruction.B);
                    matches = (from >= 0 && Run(instruction.Part!, from, stack) >= 0) == (instruction.A == 0);
                    next++;
                    break;
                case PatternProgram.Operation.Atomic:
                    position = Run(instruction.Part!, position, stack);
                    matches = position >= 0;
                    next++;
                    break;
                case PatternProgram.Operation.Anchor:
                    matches = Holds((PatternNode.AnchorKind)instruction.A, position);
                    next++;
                    break;
                default:
                    return position;
            }

            if (matches)
            {
                continue;
            }

            if (stack == bottom)
            {
                return -1;
            }

            ref var frame = ref _frames[stack - 1];
            next = frame.Next;
            if (frame.Least < 0)
            {
                position = frame.Position;
                stack--;
                continue;
            }

            // A run gives back its last code point.
            position = StepBack(frame.Position, 1);
            frame.Position = position;
            if (position <= frame.Least)
            {
                stack--;
            }
        }
    }

    /// <summary>Consumes a run of the instruction's set.</summary>
    /// <param name="least">Where the run would end with its minimum alone.</param>
    private bool ConsumeMany(in PatternProgram.Instruction instruction, ref int position, out int least)
    {
        var set = instruction.Set!;
        var text = Text;
        var at = position;
        var count = 0;
        least = instruction.A == 0 ? at : -1;
        while (count < instruction.B && (uint)at < (uint)text.Length)
        {
            int unit = text[at];
            if ((unit & 0xF800) != 0xD800)
            {
                if (!set.ContainsBasic(unit))
                {
                    break;
                }

                at++;
            }
            else
            {
                if (!set.Contains(char.ConvertToUtf32((char)unit, text[at + 1])))
                {
                    break;
                }

                at += 2;
            }

            if (++count == instruction.A)
            {
                least = at;
            }
        }

        _steps += count;
        position = at;
        return least >= 0;
    }

    private readonly int StepBack(int position, int codePoints)
    {
        for (; codePoints > 0; codePoints--)
        {
            position -= position >= 2 && char.IsLowSurrogate(Text[position - 1]) ? 2 : 1;
            if (position < 0)
            {
                return -1;
            }
        }

        return position;
    }

    private readonly bool Holds(PatternNode.AnchorKind anchor, int position) => anchor switch
    {
        PatternNode.AnchorKind.TextStart => position == 0,
        PatternNode.AnchorKind.TextEnd => position == Text.Length,
        PatternNode.AnchorKind.TextEndOrFinalNewline => position == Text.Length || (position == Text.Length - 1 && Text[position] == '\n'),
        PatternNode.AnchorKind.LineStart => position == 0 || Text[position - 1] == '\n',
        PatternNode.AnchorKind.LineEnd => position == Text.Length || Text[position] == '\n',
        PatternNode.AnchorKind.WordBoundary => IsWordBoundary(position),
        _ => !IsWordBoundary(position),
    };

    private readonly bool IsWordBoundary(int position)
    {
        var before = position > 0 && CodePointSet.IsWord(CodePointAt(StepBack(position, 1)));
        var after = position < Text.Length && CodePointSet.IsWord(CodePointAt(position));
        return before != after;
    }

    private void Push(ref int stack, Frame frame)
    {
        if (stack == _frames.Length)
        {
            var larger = ArrayPool<Frame>.Shared.Rent(stack * 2);
            _frames.AsSpan().CopyTo(larger);
            ArrayPool<Frame>.Shared.Return(_frames);
            _frames = larger;
        }

        _frames[stack++] = frame;
    }

    /// <summary>Where to go on when the current way fails. <paramref name="Least"/> below 0: a fork; otherwise a run that can be shortened to it.</summary>
    private record struct Frame(int Next, int Position, int Least);
}
