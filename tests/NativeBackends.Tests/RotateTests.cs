using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class RotateTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Rotate_EqualsTheReference_ForBothPairings_AndPartialHeads(string variant)
    {
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);
        foreach (var pairing in Enum.GetValues<RopePairing>())
        {
            foreach (var (rows, heads, headSize, pairs) in new[] { (1, 1, 2, 1), (3, 2, 16, 8), (5, 3, 20, 7), (2, 4, 128, 64), (0, 1, 4, 2) })
            {
                Compare.Close(Run(reference), Run(subject), 3e-7);

                float[] Run(Harness harness)
                {
                    var x = harness.Floats(Harness.Random(headSize, rows * heads * headSize), rows, gap: 3);
                    x = x with { Columns = heads * headSize };
                    var angles = harness.Floats(Harness.Random(7, rows * pairs * 2), rows, gap: 1) with { Columns = 2 * pairs };
                    harness.Ops.Rotate(x, angles, headSize, pairing);
                    harness.AssertGapsUntouched(x);
                    return harness.Read(x);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Rotate_TurnsAPairByItsAngle_AndLeavesTheRest(string variant)
    {
        using var harness = new Harness(variant);
        var quarter = harness.Floats([0, 1], 1);
        var halves = harness.Floats([1, 2, 9, 3, 4, 8], 1);
        var interleaved = harness.Floats([1, 2, 9, 3, 4, 8], 1);

        harness.Ops.Rotate(halves, quarter, 3, RopePairing.Halves);
        harness.Ops.Rotate(interleaved, quarter, 3, RopePairing.Interleaved);

        Assert.Equal([-2, 1, 9, -4, 3, 8], harness.Read(halves));
        Assert.Equal([-2, 1, 9, -4, 3, 8], harness.Read(interleaved));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Rotate_ThrowsTheNumbers_WhenTheyDoNotFit(string variant)
    {
        using var harness = new Harness(variant);
        var x = harness.Floats(new float[24], 2);
        Assert.Equal("rotate: angles [1, 4] F32 do not fit x [2, 12] F32", Throw(new float[4], 1, 4));
        Assert.Equal("rotate: head size 5 does not fit x [2, 12] F32 and angles [2, 4] F32", Throw(new float[8], 2, 5));
        Assert.Equal("rotate: head size 2 does not fit x [2, 12] F32 and angles [2, 4] F32", Throw(new float[8], 2, 2));

        string Throw(float[] angles, int rows, int headSize) =>
            Assert.Throws<OpException>(() => harness.Ops.Rotate(x, harness.Floats(angles, rows), headSize, RopePairing.Halves)).Message;
    }
}
