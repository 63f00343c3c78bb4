using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class JoinHeadsTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void JoinHeads_PutsThePartsOfEveryHeadSideBySide(string variant)
    {
        using var harness = new Harness(variant);
        var a = harness.Floats([1, 2, 3, 4, 5, 6, 7, 8], 2, gap: 2);
        var b = harness.Floats([-1, -2, -3, -4], 2, gap: 1);

        Assert.Equal([1, 2, -1, 3, 4, -2, 5, 6, -3, 7, 8, -4], harness.Read(harness.Ops.JoinHeads(a, b, 2)));
        Assert.Equal([1, 2, 3, 4, -1, -2, 5, 6, 7, 8, -3, -4], harness.Read(harness.Ops.JoinHeads(a, b, 1)));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void JoinHeads_UndoesSliceHeads(string variant)
    {
        using var harness = new Harness(variant);
        var values = Harness.Random(1, 300 * 60);
        var x = harness.Floats(values, 300);
        var ops = harness.Ops;
        Assert.Equal(values, harness.Read(ops.JoinHeads(ops.SliceHeads(x, 20, 0, 13), ops.SliceHeads(x, 20, 13, 7), 3)));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void JoinHeads_ThrowsBothShapes_WhenTheyDoNotFit(string variant)
    {
        using var harness = new Harness(variant);
        var (a, b) = (harness.Floats(new float[12], 2), harness.Floats(new float[8], 2));
        Assert.Equal(
            "join_heads: a [2, 6] F32 and b [2, 4] F32 do not divide into 3 heads of the same rows", Assert.Throws<OpException>(() => harness.Ops.JoinHeads(a, b, 3)).Message);
        Assert.Equal(
            "join_heads: a [2, 6] F32 and b [1, 4] F32 do not divide into 2 heads of the same rows", Assert.Throws<OpException>(() => harness.Ops.JoinHeads(a, b.RowSlice(0, 1), 2)).Message);
    }
}
