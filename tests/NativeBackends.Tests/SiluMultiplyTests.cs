using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class SiluMultiplyTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SiluMultiply_EqualsTheReference_OverTheWholeRange(string variant)
    {
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);

        // From where e^-a overflows to where it vanishes, in steps that hit no round number.
        var gates = Enumerable.Range(0, 30000).Select(i => (i - 15000) * 0.00871f).ToArray();
        var factors = Harness.Random(1, gates.Length);
        Compare.Close(Run(reference), Run(subject), 4e-7);

        float[] Run(Harness harness)
        {
            var gate = harness.Floats(gates, 100, gap: 5);
            harness.Ops.SiluMultiply(gate, harness.Floats(factors, 100, gap: 1));
            harness.AssertGapsUntouched(gate);
            return harness.Read(gate);
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SiluMultiply_HasSmallRelativeError_EverywhereThatItIsNormal(string variant)
    {
        using var harness = new Harness(variant);
        var gates = Enumerable.Range(0, 20001).Select(i => (i - 10000) * 0.0083f).ToArray();
        var gate = harness.Floats(gates, 1);
        harness.Ops.SiluMultiply(gate, harness.Floats([.. gates.Select(_ => 1f)], 1));

        foreach (var (a, y) in gates.Zip(harness.Read(gate)))
        {
            var expected = a / (1 + Math.Exp(-(double)a));
            Assert.True(Math.Abs(y - expected) <= 6e-7 * Math.Abs(expected), $"silu({a:R}) = {y:R}, expected {expected:R}");
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SiluMultiply_GivesAnElementTheSameBits_WhereverItStands(string variant)
    {
        using var harness = new Harness(variant);
        var values = Harness.Random(3, 37);
        var alone = values.Select(value => Run([value])[0]).ToArray();
        Compare.SameBits(alone, Run(values));

        float[] Run(float[] row)
        {
            var gate = harness.Floats(row, 1);
            harness.Ops.SiluMultiply(gate, harness.Floats([.. row.Select(_ => 0.7f)], 1));
            return harness.Read(gate);
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SiluMultiply_KeepsNaNsAndInfinities(string variant)
    {
        using var harness = new Harness(variant);
        var gate = harness.Floats([float.NaN, float.PositiveInfinity, 1000, -1000], 1);
        harness.Ops.SiluMultiply(gate, harness.Floats([1, 1, 1, 1], 1));
        Assert.Equal([float.NaN, float.PositiveInfinity, 1000, -0f], harness.Read(gate));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SiluMultiply_ThrowsBothShapes_WhenTheyDiffer(string variant)
    {
        using var harness = new Harness(variant);
        var error = Assert.Throws<OpException>(() => harness.Ops.SiluMultiply(harness.Floats(new float[6], 2), harness.Floats(new float[8], 2)));
        Assert.Equal("silu_multiply: up [2, 4] F32 does not fit gate [2, 3] F32", error.Message);
    }
}
