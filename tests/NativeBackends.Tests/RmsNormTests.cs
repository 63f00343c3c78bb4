using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class RmsNormTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void RmsNorm_EqualsTheReference_ForEveryWidthAndStride(string variant)
    {
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);
        foreach (var (rows, columns) in new[] { (1, 1), (3, 15), (2, 16), (5, 17), (7, 100), (33, 1024), (0, 8) })
        {
            Compare.Close(Run(reference), Run(subject), 1e-6);

            float[] Run(Harness harness)
            {
                var x = harness.Floats(Harness.Random(columns, rows * columns), rows, gap: 3) with { Columns = columns };
                return harness.Read(harness.Ops.RmsNorm(x, harness.Floats(Harness.Random(1, columns), 1), 1e-5f));
            }
        }
    }

    [Fact]
    public void TheReference_GivesWhatTheFormulaSays()
    {
        using var harness = new Harness("reference");
        var y = harness.Ops.RmsNorm(harness.Floats([3, 4], 1), harness.Floats([1, 2], 1), 0);
        var root = Math.Sqrt((9 + 16) / 2.0);
        Assert.Equal([(float)(3 / root), (float)(8 / root)], harness.Read(y));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void RmsNorm_ThrowsBothShapes_WhenTheyDoNotFit(string variant)
    {
        using var harness = new Harness(variant);
        var x = harness.Floats(new float[4], 1);
        var error = Assert.Throws<OpException>(() => harness.Ops.RmsNorm(x, harness.Floats(new float[3], 1), 1e-6f));
        Assert.Equal("rms_norm: weight [1, 3] F32 does not fit x [1, 4] F32", error.Message);

        error = Assert.Throws<OpException>(() => harness.Ops.RmsNorm(harness.Ops.Integers([1]), x, 1e-6f));
        Assert.Equal("rms_norm: x [1, 1] I32 must be F32", error.Message);
    }
}
