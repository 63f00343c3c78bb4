using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class AddTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Add_AddsEveryElement_OfSlices(string variant)
    {
        using var harness = new Harness(variant);
        foreach (var (rows, columns) in new[] { (1, 1), (3, 17), (40, 300), (0, 4) })
        {
            var a = Harness.Random(1, rows * columns);
            var b = Harness.Random(2, rows * columns);
            var x = harness.Floats(a, rows, gap: 3);

            harness.Ops.Add(x, harness.Floats(b, rows, gap: 1));

            Compare.SameBits(a.Zip(b, (left, right) => left + right).ToArray(), harness.Read(x));
            harness.AssertGapsUntouched(x);
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Add_Doubles_WhenBothAreTheSameTensor(string variant)
    {
        using var harness = new Harness(variant);
        var x = harness.Floats([1, 2, 3], 1);
        harness.Ops.Add(x, x);
        Assert.Equal([2, 4, 6], harness.Read(x));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Add_ThrowsBothShapes_WhenTheyDiffer(string variant)
    {
        using var harness = new Harness(variant);
        var error = Assert.Throws<OpException>(() => harness.Ops.Add(harness.Floats(new float[6], 2), harness.Floats(new float[6], 3)));
        Assert.Equal("add: y [3, 2] F32 does not fit x [2, 3] F32", error.Message);
    }
}
