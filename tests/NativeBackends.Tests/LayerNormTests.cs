using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class LayerNormTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void LayerNorm_EqualsTheReference_ForOddColumnsAndStrides(string variant)
    {
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);
        foreach (var (rows, columns) in new[] { (1, 1), (2, 15), (3, 16), (5, 17), (40, 128), (7, 1000), (0, 8) })
        {
            // In F32 a mean of 50 is off by up to 2e-6, which is 4e-6 of the deviation.
            Compare.Close(Run(reference), Run(subject), 1e-5);

            float[] Run(Harness harness)
            {
                // A mean that is large beside the deviation, which a difference of squares would lose.
                var x = harness.Floats([.. Harness.Random(rows, rows * columns).Select(value => value + 50)], rows, gap: 3) with { Columns = columns };
                var weight = harness.Floats(Harness.Random(1, columns), 1);
                return harness.Read(harness.Ops.LayerNorm(x, weight, harness.Floats(Harness.Random(2, columns), 1), 1e-6f));
            }
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void LayerNorm_TakesTheMeanAway_AndDividesByTheDeviation(string variant)
    {
        using var harness = new Harness(variant);
        var y = harness.Ops.LayerNorm(harness.Floats([1, 3, 5, 7], 2), harness.Floats([2, 4], 1), harness.Floats([10, 20], 1), 0);
        Compare.Close([8, 24, 8, 24], harness.Read(y), 1e-6);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void LayerNorm_GivesARowTheSameBits_WithAnyNumberOfOtherRows(string variant)
    {
        using var harness = new Harness(variant);
        var x = harness.Floats(Harness.Random(1, 70 * 90), 70);
        var (weight, bias) = (harness.Floats(Harness.Random(2, 90), 1), harness.Floats(Harness.Random(3, 90), 1));
        var together = harness.Read(harness.Ops.LayerNorm(x, weight, bias, 1e-6f));
        Compare.SameBits(Enumerable.Range(0, 70).SelectMany(r => harness.Read(harness.Ops.LayerNorm(x.RowSlice(r, 1), weight, bias, 1e-6f))).ToArray(), together);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void LayerNorm_ThrowsAllShapes_WhenTheyDoNotFit(string variant)
    {
        using var harness = new Harness(variant);
        var (x, four, three) = (harness.Floats(new float[8], 2), harness.Floats(new float[4], 1), harness.Floats(new float[3], 1));
        Assert.Equal("layer_norm: weight [1, 3] F32 and bias [1, 4] F32 do not fit x [2, 4] F32", Assert.Throws<OpException>(() => harness.Ops.LayerNorm(x, three, four, 0)).Message);
        Assert.Equal("layer_norm: weight [1, 4] F32 and bias [1, 3] F32 do not fit x [2, 4] F32", Assert.Throws<OpException>(() => harness.Ops.LayerNorm(x, four, three, 0)).Message);
    }
}
