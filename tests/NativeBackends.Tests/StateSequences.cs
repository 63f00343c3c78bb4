using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

/// <summary>Sequences with a recurrent state. Of a sequence's blocks the first half and the second are read and written in turn, or always the first.</summary>
/// <param name="harness">The backend.</param>
/// <param name="state">The layer; its pool is full of NaN at first.</param>
internal abstract class StateSequences(Harness harness, StateLayer state)
    : StepSequences(harness, new KvLayer(0, DType.F32, 16, 1, 1, 0, 0, 0))
{
    private readonly Dictionary<int, bool> _inSecond = [];

    protected StateLayer State { get; } = state;

    /// <summary>Whether every step writes where it reads.</summary>
    public bool InPlace { get; init; }

    /// <summary>A layer whose matrices and rows lie behind those of another one, in blocks of a size that they do not divide.</summary>
    public static StateLayer Layer(Harness harness, int heads, int keys, int values, int channels, int window, int states)
    {
        const int OtherHeads = 2;
        var shape = new StateLayer(0, 0, heads, keys, values, channels, window, 0, OtherHeads, 3, 1, 2, 0);
        var matrixBlocks = (OtherHeads + heads + 2) / 3;
        var blocks = matrixBlocks + ((1 + window + 1) / 2);
        var stride = Math.Max(3 * shape.MatrixBytes, 2 * shape.RowBytes) + 64;
        return shape with { Pool = Pool(harness, states * 2 * blocks * stride), BlockStride = stride, Blocks = blocks, FirstRowBlock = matrixBlocks };
    }

    /// <summary>The block tables of a state: what is read, then what is written. Blocks of a sequence follow from its number, out of order.</summary>
    protected AttentionBatch WithStates(Part[] parts, AttentionBatch batch)
    {
        var tables = parts.SelectMany(part =>
        {
            var own = Enumerable.Range(0, 2 * State.Blocks).Select(block => (part.Seed * 2 * State.Blocks) + (2 * State.Blocks) - 1 - block).ToArray();
            var (first, second) = (own[..State.Blocks], own[State.Blocks..]);
            var inSecond = part.Computed > 0 && _inSecond.GetValueOrDefault(part.Seed);
            _inSecond[part.Seed] = !InPlace && !inSecond;
            return (int[])[.. inSecond ? second : first, .. _inSecond[part.Seed] ? second : first];
        });
        return batch with { BlockTables = Harness.Ops.Integers([.. tables], parts.Length), Slots = Harness.Ops.Integers([]) };
    }
}

/// <summary>Sequences through a short convolution, in one piece or in three.</summary>
/// <param name="harness">The backend.</param>
/// <param name="channels">Channels.</param>
/// <param name="window">Inputs that it looks back at.</param>
/// <param name="states">Most sequences.</param>
internal sealed class ConvolvedSequences(Harness harness, int channels, int window, int states)
    : StateSequences(harness, Layer(harness, 1, 1, 1, channels, window, states))
{
    private readonly Tensor _weight = harness.Floats(Harness.Random(99, (window + 1) * channels), window + 1, gap: 2);

    /// <summary>Columns at which the inputs are cut; empty: not at all.</summary>
    public int[] Cuts { get; init; } = [];

    protected override Tensor Attend(Part[] parts, AttentionBatch batch)
    {
        batch = WithStates(parts, batch);
        var x = Random(parts, 1, channels, factor: 3, gap: 5);
        int[] ends = [.. Cuts, channels];
        var start = 0;
        Tensor? all = null;
        foreach (var end in ends)
        {
            var y = Harness.Ops.ShortConvolution(x.ColumnSlice(start, end - start), _weight.ColumnSlice(start, end - start), State, start, batch);
            all = all is { } before ? Harness.Ops.JoinHeads(before, y, 1) : y;
            start = end;
        }

        return all!.Value;
    }
}

/// <summary>Sequences through the gated delta rule.</summary>
/// <param name="harness">The backend.</param>
/// <param name="keyHeads">Heads of queries and keys.</param>
/// <param name="heads">Heads of values.</param>
/// <param name="keys">Columns of a key.</param>
/// <param name="values">Columns of a value.</param>
/// <param name="states">Most sequences.</param>
internal sealed class DeltaSequences(Harness harness, int keyHeads, int heads, int keys, int values, int states)
    : StateSequences(harness, Layer(harness, heads, keys, values, 1, 0, states))
{
    private readonly Tensor _logDecay = harness.Floats([.. Harness.Random(98, heads).Select(value => value * 2)], 1);
    private readonly Tensor _stepBias = harness.Floats(Harness.Random(97, heads), 1);

    protected override Tensor Attend(Part[] parts, AttentionBatch batch)
    {
        var length = 1.5f / MathF.Sqrt(keys);
        var gates = new DeltaGates(Random(parts, 4, heads, factor: 4, gap: 1), Random(parts, 5, heads, factor: 3), _logDecay, _stepBias);
        return Harness.Ops.GatedDeltaRule(
            Random(parts, 1, keyHeads * keys, length, gap: 3), Random(parts, 2, keyHeads * keys, length, gap: 1), Random(parts, 3, heads * values, gap: 2), gates, State, WithStates(parts, batch));
    }
}
