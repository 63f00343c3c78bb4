using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class ReadRowTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void ReadRow_ReadsARowOfASlice(string variant)
    {
        using var harness = new Harness(variant);
        var x = harness.Floats([1, 2, 3, 4, 5, 6], 2, gap: 3);

        Assert.Equal([5, 6], harness.Ops.ReadRow(x.ColumnSlice(1, 2), 1).ToArray());
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void ReadRow_ThrowsRowAndShape_WhenThereIsNoSuchRow(string variant)
    {
        using var harness = new Harness(variant);
        var x = harness.Floats([1, 2, 3, 4, 5, 6], 2);
        var error = Assert.Throws<OpException>(() => harness.Ops.ReadRow(x, 2).Length);
        Assert.Equal("read_row: row 2 of [2, 3] F32", error.Message);
    }
}
