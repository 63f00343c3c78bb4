using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class WeightedRowsTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void WeightedRows_EqualTheReference_ForEveryDenseFormat(string variant)
    {
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);
        foreach (var format in new[] { WeightFormat.F32, WeightFormat.BF16, WeightFormat.F16 })
        {
            foreach (var (rows, terms, columns) in new[] { (1, 1, 1), (5, 4, 17), (70, 16, 48), (0, 4, 8), (3, 0, 8) })
            {
                Compare.Close(Run(reference), Run(subject), 1e-6);

                float[] Run(Harness harness)
                {
                    var table = harness.Weight(Harness.Random(2, 9 * columns), 9, format);
                    var indices = new Tensor(harness.Ops.Integers([.. Enumerable.Range(0, rows * terms).Select(i => (i * 7) % 9)], Math.Max(rows, 1)).Data, DType.I32, rows, terms);
                    var weights = harness.Floats(Harness.Random(3, rows * terms), rows) with { Columns = terms, RowStride = terms };
                    return harness.Read(harness.Ops.WeightedRows(table, indices, weights));
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void WeightedRows_AreSumsOfRows(string variant)
    {
        using var harness = new Harness(variant);
        var table = harness.Weight([1, 2, 10, 20, 100, 200], 3);
        var y = harness.Ops.WeightedRows(table, harness.Ops.Integers([0, 2, 1, 1], 2), harness.Floats([0.5f, 2, 1, -3], 2));
        Assert.Equal([200.5f, 401, -20, -40], harness.Read(y));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void WeightedRows_ThrowTheNumbers_WhenTheyDoNotFit(string variant)
    {
        using var harness = new Harness(variant);
        var table = harness.Weight(new float[6], 3);
        Assert.StartsWith("weighted_rows: indices [2, 2] I32 must be I32 and of the shape of weights [1, 4] F32", Throw([0, 1, 2, 0], 2, 1), StringComparison.Ordinal);
        Assert.StartsWith("weighted_rows: index 3 of row 1 is not in [0, 3), the rows of", Throw([0, 1, 2, 3], 2, 2), StringComparison.Ordinal);

        string Throw(int[] indices, int rows, int weightRows) =>
            Assert.Throws<OpException>(() => harness.Ops.WeightedRows(table, harness.Ops.Integers(indices, rows), harness.Floats(new float[4], weightRows))).Message;
    }
}
