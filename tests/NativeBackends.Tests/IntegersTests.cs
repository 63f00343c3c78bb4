using System.Runtime.InteropServices;
using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class IntegersTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Integers_AreStoredRowByRow(string variant)
    {
        using var harness = new Harness(variant);
        var tensor = harness.Ops.Integers([1, 2, 3, 4, 5, 6], rows: 2);

        var bytes = new byte[6 * sizeof(int)];
        harness.Backend.Download(tensor.Data, bytes);
        Assert.Equal((DType.I32, 2, 3), (tensor.DType, tensor.Rows, tensor.Columns));
        Assert.Equal([1, 2, 3, 4, 5, 6], MemoryMarshal.Cast<byte, int>(bytes).ToArray());
        Assert.Equal((1, 0), (harness.Ops.Integers([]).Rows, harness.Ops.Integers([]).Columns));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Integers_ThrowBothNumbers_WhenTheyDoNotDivideIntoRows(string variant)
    {
        using var harness = new Harness(variant);
        var error = Assert.Throws<OpException>(() => harness.Ops.Integers([1, 2, 3, 4, 5], rows: 2));
        Assert.Equal("integers: 5 values do not divide into 2 rows", error.Message);
    }
}
