using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class SliceHeadsTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SliceHeads_TakesTheColumnsOfEveryHead(string variant)
    {
        using var harness = new Harness(variant);
        var x = harness.Floats([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 2, gap: 3);

        Assert.Equal([2, 3, 5, 6, 8, 9, 11, 12], harness.Read(harness.Ops.SliceHeads(x, 3, 1, 2)));
        Assert.Equal([1, 7], harness.Read(harness.Ops.SliceHeads(x, 6, 0, 1)));
        Assert.Equal(0, harness.Ops.SliceHeads(x.RowSlice(0, 0), 3, 1, 2).Rows);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SliceHeads_OfManyRows_LosesNone(string variant)
    {
        using var harness = new Harness(variant);
        var values = Harness.Random(1, 300 * 60);
        var expected = values.Chunk(20).SelectMany(head => head[7..12]);
        Assert.Equal(expected, harness.Read(harness.Ops.SliceHeads(harness.Floats(values, 300), 20, 7, 5)));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SliceHeads_ThrowsColumnsAndShape_WhenTheyDoNotFit(string variant)
    {
        using var harness = new Harness(variant);
        var x = harness.Floats(new float[12], 2);
        Assert.Equal("slice_heads: columns 2 to 4 of heads of 3 do not fit x [2, 6] F32", Assert.Throws<OpException>(() => harness.Ops.SliceHeads(x, 3, 2, 2)).Message);
        Assert.Equal("slice_heads: columns 0 to 1 of heads of 4 do not fit x [2, 6] F32", Assert.Throws<OpException>(() => harness.Ops.SliceHeads(x, 4, 0, 1)).Message);
        Assert.Equal("slice_heads: columns 0 to 0 of heads of 3 do not fit x [2, 6] F32", Assert.Throws<OpException>(() => harness.Ops.SliceHeads(x, 3, 0, 0)).Message);
    }
}
