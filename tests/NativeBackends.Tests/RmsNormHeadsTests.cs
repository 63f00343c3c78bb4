using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class RmsNormHeadsTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void RmsNormHeads_IsRmsNormOfEachHead(string variant)
    {
        using var harness = new Harness(variant);
        foreach (var (rows, heads, size) in new[] { (1, 1, 1), (3, 2, 15), (5, 4, 64), (2, 3, 128), (0, 2, 8) })
        {
            var values = Harness.Random(size, rows * heads * size);
            var weight = harness.Floats(Harness.Random(9, size), 1);
            var x = harness.Floats(values, rows, gap: 2);
            var y = rows == 0 ? [] : harness.Read(harness.Ops.RmsNorm(harness.Floats(values, rows * heads), weight, 1e-6f));

            harness.Ops.RmsNormHeads(x with { Columns = heads * size }, weight, 1e-6f);

            Compare.SameBits(y, harness.Read(x));
            harness.AssertGapsUntouched(x);
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void RmsNormHeads_ThrowsBothShapes_WhenHeadsDoNotDivideTheColumns(string variant)
    {
        using var harness = new Harness(variant);
        var error = Assert.Throws<OpException>(
            () => harness.Ops.RmsNormHeads(harness.Floats(new float[10], 1), harness.Floats(new float[4], 1), 1e-6f));
        Assert.Equal("rms_norm_heads: weight [1, 4] F32 does not divide the columns of x [1, 10] F32 into heads", error.Message);
    }
}
