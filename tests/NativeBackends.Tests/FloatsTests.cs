using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class FloatsTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Floats_AreStoredRowByRow_AndReadBackWithTheSameBits(string variant)
    {
        using var harness = new Harness(variant);
        var values = Harness.Random(1, 6 * 7);
        values[3] = -0f;
        var tensor = harness.Ops.Floats(values, rows: 6);

        Assert.Equal((DType.F32, 6, 7), (tensor.DType, tensor.Rows, tensor.Columns));
        Compare.SameBits(values, harness.Read(tensor));
        Assert.Equal((1, 0), (harness.Ops.Floats([], 1).Rows, harness.Ops.Floats([], 1).Columns));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Floats_ThrowBothNumbers_WhenTheyDoNotDivideIntoRows(string variant)
    {
        using var harness = new Harness(variant);
        Assert.Equal("floats: 5 values do not divide into 2 rows", Assert.Throws<OpException>(() => harness.Ops.Floats([1, 2, 3, 4, 5], rows: 2)).Message);
        Assert.Equal("floats: 5 values do not divide into 0 rows", Assert.Throws<OpException>(() => harness.Ops.Floats([1, 2, 3, 4, 5], rows: 0)).Message);
    }
}
