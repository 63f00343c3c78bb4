using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class RopeAnglesByAxisTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void RopeAnglesByAxis_EqualTheReference(string variant)
    {
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);
        Compare.Close(Run(reference), Run(subject), 2e-7);

        static float[] Run(Harness harness)
        {
            int[] positions = [0, 1, 63, 131071, 5, 0, 9, 12, 4000, 7, 7, 1_000_000];
            var frequencies = Enumerable.Range(0, 33).Select(i => (float)Math.Pow(10000, -i / 33.0)).ToArray();
            var axes = harness.Ops.Integers([.. Enumerable.Range(0, 33).Select(i => i % 3)]);
            return harness.Read(harness.Ops.RopeAnglesByAxis(harness.Ops.Integers(positions, 3), axes, new RopeTable(harness.Floats(frequencies, 1), 1.2f)));
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void RopeAnglesByAxis_TakeEachFrequencyTimesItsOwnAxis(string variant)
    {
        using var harness = new Harness(variant);
        var rope = new RopeTable(harness.Floats([1, 0.25f, 0.5f], 1), 3);
        var y = harness.Read(harness.Ops.RopeAnglesByAxis(harness.Ops.Integers([1, 2, 4, 8], 2), harness.Ops.Integers([1, 0, 0]), rope));
        float[] angles = [4, 0.25f, 0.5f, 8, 0.5f, 1];
        Compare.Close([.. angles.Chunk(3).SelectMany(row => row.Select(a => 3 * MathF.Cos(a)).Concat(row.Select(a => 3 * MathF.Sin(a))))], y, 1e-6);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void RopeAnglesByAxis_AreTheBitsOfRopeAngles_WhereAllAxesAgree(string variant)
    {
        using var harness = new Harness(variant);
        int[] positions = [0, 1, 2, 63, 4095, 131071];
        var rope = new RopeTable(harness.Floats(Enumerable.Range(0, 32).Select(i => (float)Math.Pow(1e6, -i / 32.0)).ToArray(), 1), 1);
        var axes = harness.Ops.Integers([.. Enumerable.Range(0, 32).Select(i => (i * 7) % 3)]);
        var plain = harness.Read(harness.Ops.RopeAngles(harness.Ops.Integers(positions), rope));
        Compare.SameBits(plain, harness.Read(harness.Ops.RopeAnglesByAxis(harness.Ops.Integers([.. positions, .. positions, .. positions], 3), axes, rope)));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void RopeAnglesByAxis_ThrowTheNumbers_WhenTheyDoNotFit(string variant)
    {
        using var harness = new Harness(variant);
        Assert.Equal("rope_angles_by_axis: frequencies [1, 3] F32 do not fit axes [1, 2] I32", Throw([0, 1]));
        Assert.Equal("rope_angles_by_axis: axis 2 at 1 is not in [0, 2), the rows of [2, 2] I32", Throw([0, 2, 1]));

        string Throw(int[] axes) => Assert.Throws<OpException>(() =>
            harness.Ops.RopeAnglesByAxis(harness.Ops.Integers([1, 2, 3, 4], 2), harness.Ops.Integers(axes), new RopeTable(harness.Floats([1, 2, 3], 1), 1))).Message;
    }
}
