using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class RowsTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Rows_GathersRows_OfASlice(string variant)
    {
        using var harness = new Harness(variant);
        var x = harness.Floats([1, 2, 3, 4, 5, 6, 7, 8, 9], 3, gap: 5).ColumnSlice(1, 2);

        Assert.Equal([8, 9, 2, 3, 8, 9], harness.Read(harness.Ops.Rows(x, harness.Ops.Integers([2, 0, 2]))));
        Assert.Equal(0, harness.Ops.Rows(x, harness.Ops.Integers([])).Rows);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Rows_ThrowsIndexAndShape_WhenThereIsNoSuchRow(string variant)
    {
        using var harness = new Harness(variant);
        var x = harness.Floats(new float[6], 3);
        var error = Assert.Throws<OpException>(() => harness.Ops.Rows(x, harness.Ops.Integers([0, 3])));
        Assert.Equal("rows: index 3 at 1 is not in [0, 3), the rows of [3, 2] F32", error.Message);
    }
}
