using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

/// <summary>Sequences through the choice of positions.</summary>
/// <param name="harness">The backend.</param>
/// <param name="heads">Heads of the indexer.</param>
/// <param name="columns">Columns of a key.</param>
/// <param name="most">Positions of a row.</param>
/// <param name="dtype">Of the pool.</param>
/// <param name="blockTokens">Tokens of a block.</param>
/// <param name="blocks">Blocks of the pool.</param>
internal sealed class IndexSequences(Harness harness, int heads, int columns, int most, DType dtype, int blockTokens, int blocks)
    : StepSequences(harness, Layer(harness, columns, dtype, blockTokens, blocks))
{
    protected override Tensor Attend(Part[] parts, AttentionBatch batch) =>
        Harness.Ops.SelectPositions(Random(parts, 1, heads * columns, gap: 3), Random(parts, 2, columns, gap: 1), Random(parts, 3, heads), Kv, batch, most, 0.5f);

    /// <summary>Always <c>most</c> numbers per row: a step's result may have fewer columns, where its block tables are short.</summary>
    protected override float[] Read(Tensor rows) => [.. Enumerable.Range(0, rows.Rows).SelectMany(r => SelectPositionsTests.Integers(Harness, rows.RowSlice(r, 1))
        .Concat(Enumerable.Repeat(-1, most - rows.Columns)).Select(position => (float)position))];

    private static KvLayer Layer(Harness harness, int columns, DType dtype, int blockTokens, int blocks)
    {
        var vectors = blockTokens * KvLayer.VectorBytes(dtype, columns);
        return new KvLayer(Pool(harness, blocks * 3 * vectors), dtype, blockTokens, 1, 7, 3 * vectors, 0, 2 * vectors).IndexKeys(columns);
    }
}
