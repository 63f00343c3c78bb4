using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

/// <summary>Sequences through paged attention.</summary>
/// <param name="harness">The backend.</param>
/// <param name="heads">Head counts and size.</param>
/// <param name="dtype">Of the pool.</param>
/// <param name="blockTokens">Tokens of a block.</param>
/// <param name="blocks">Blocks of the pool.</param>
internal sealed class PagedSequences(Harness harness, HeadLayout heads, DType dtype, int blockTokens, int blocks)
    : StepSequences(harness, Layer(harness, heads, dtype, blockTokens, blocks))
{
    protected override Tensor Attend(Part[] parts, AttentionBatch batch) => Harness.Ops.PagedAttention(
        Random(parts, 1, heads.QueryWidth, factor: 4, gap: 3),
        Random(parts, 2, heads.KvWidth, gap: 1),
        Random(parts, 3, heads.KvWidth),
        Kv,
        batch,
        heads,
        1 / MathF.Sqrt(heads.HeadSize));

    /// <summary>The layer lies in the middle of its block, as one of several would.</summary>
    private static KvLayer Layer(Harness harness, HeadLayout heads, DType dtype, int blockTokens, int blocks)
    {
        var vectors = heads.KvHeads * blockTokens * KvLayer.VectorBytes(dtype, heads.HeadSize);
        return new KvLayer(Pool(harness, blocks * 4 * vectors), dtype, blockTokens, heads.KvHeads, heads.HeadSize, 4 * vectors, 2 * vectors, vectors);
    }
}
