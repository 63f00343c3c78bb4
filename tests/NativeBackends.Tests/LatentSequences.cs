using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

/// <summary>Sequences through latent attention.</summary>
/// <param name="harness">The backend.</param>
/// <param name="heads">Query heads.</param>
/// <param name="columns">Columns of a latent vector.</param>
/// <param name="values">How many of them are the value.</param>
/// <param name="dtype">Of the pool.</param>
/// <param name="blockTokens">Tokens of a block.</param>
/// <param name="blocks">Blocks of the pool.</param>
internal sealed class LatentSequences(Harness harness, int heads, int columns, int values, DType dtype, int blockTokens, int blocks)
    : StepSequences(harness, Layer(harness, columns, dtype, blockTokens, blocks))
{
    /// <summary>Positions that a row may select: at most so many, which follow from its sequence and position; 0: no selection.</summary>
    public int Selected { get; init; }

    protected override Tensor Attend(Part[] parts, AttentionBatch batch)
    {
        Tensor? selection = Selected == 0 ? null : Harness.Ops.Integers([.. parts.SelectMany(part => Positions(part).SelectMany(position => Select(part.Seed, position)))], parts.Sum(part => part.Rows));
        return Harness.Ops.LatentAttention(
            Random(parts, 1, heads * columns, factor: 4, gap: 3), Random(parts, 2, columns, gap: 1), Kv, batch, values, 1 / MathF.Sqrt(columns), selection);
    }

    private int[] Select(int seed, int position)
    {
        var all = Enumerable.Range(0, position + 1).ToArray();
        new Random((seed * 1000) + position).Shuffle(all);
        var taken = all.Take(Selected).Order().ToArray();
        return [.. taken, .. Enumerable.Repeat(-1, Selected - taken.Length)];
    }

    private static KvLayer Layer(Harness harness, int columns, DType dtype, int blockTokens, int blocks)
    {
        var vectors = blockTokens * KvLayer.VectorBytes(dtype, columns);
        return new KvLayer(Pool(harness, blocks * 3 * vectors), dtype, blockTokens, 1, columns, 3 * vectors, vectors, vectors);
    }
}
