using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class RopeAnglesTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void RopeAngles_EqualTheReference_AtEveryPosition(string variant)
    {
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);
        int[] positions = [0, 1, 2, 63, 4095, 131071, 1_000_000];
        var frequencies = Enumerable.Range(0, 33).Select(i => (float)Math.Pow(10000, -i / 33.0)).ToArray();
        Compare.Close(Run(reference), Run(subject), 2e-7);

        float[] Run(Harness harness) =>
            harness.Read(harness.Ops.RopeAngles(harness.Ops.Integers(positions), new RopeTable(harness.Floats(frequencies, 1), 1.2f)));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void RopeAngles_AreCosinesThenSines(string variant)
    {
        using var harness = new Harness(variant);
        var y = harness.Read(harness.Ops.RopeAngles(harness.Ops.Integers([0, 2]), new RopeTable(harness.Floats([1, 0.25f], 1), 3)));
        Compare.Close([3, 3, 0, 0, 3 * MathF.Cos(2), 3 * MathF.Cos(0.5f), 3 * MathF.Sin(2), 3 * MathF.Sin(0.5f)], y, 1e-6);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void RopeAngles_ThrowTheShape_WhenFrequenciesAreAMatrix(string variant)
    {
        using var harness = new Harness(variant);
        var rope = new RopeTable(harness.Floats(new float[4], 2), 1);
        var error = Assert.Throws<OpException>(() => harness.Ops.RopeAngles(harness.Ops.Integers([1]), rope));
        Assert.Equal("rope_angles: frequencies [2, 2] F32 must have 1 row", error.Message);
    }
}
