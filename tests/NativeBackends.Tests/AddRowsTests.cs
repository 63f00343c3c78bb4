using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class AddRowsTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void AddRows_ChangesTheNamedRowsAlone(string variant)
    {
        using var harness = new Harness(variant);
        var x = harness.Floats([1, 2, 3, 4, 5, 6, 7, 8], 4, gap: 3);
        harness.Ops.AddRows(x, harness.Ops.Integers([1, 3]), harness.Floats([30, 40, 10, 20], 2, gap: 1));
        Assert.Equal([1, 2, 33, 44, 5, 6, 17, 28], harness.Read(x));
        harness.AssertGapsUntouched(x);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void AddRows_OfManyRows_LosesNone_AndOfNoneDoesNothing(string variant)
    {
        using var harness = new Harness(variant);
        var (before, added) = (Harness.Random(1, 900 * 33), Harness.Random(2, 300 * 33));
        var x = harness.Floats(before, 900);
        harness.Ops.AddRows(x, harness.Ops.Integers([]), harness.Floats([], 0) with { Columns = 33 });
        harness.Ops.AddRows(x, harness.Ops.Integers([.. Enumerable.Range(0, 300).Select(i => 3 * i)]), harness.Floats(added, 300));
        var expected = before.Select((value, i) => (i / 33) % 3 != 0 ? value : value + added[((i / 33) / 3 * 33) + (i % 33)]).ToArray();
        Compare.SameBits(expected, harness.Read(x));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void AddRows_ThrowsTheNumbers_WhenTheyDoNotFit(string variant)
    {
        using var harness = new Harness(variant);
        Assert.Equal("add_rows: y [1, 3] F32 does not fit rows [1, 1] I32 and x [4, 2] F32", Throw([1], 3));
        Assert.Equal("add_rows: y [1, 2] F32 does not fit rows [1, 2] I32 and x [4, 2] F32", Throw([1, 2], 2));
        Assert.Equal("add_rows: row 4 at 0 is not in [0, 4), the rows of [4, 2] F32", Throw([4], 2));
        var error = Assert.Throws<OpException>(() => harness.Ops.AddRows(harness.Floats(new float[8], 4), harness.Ops.Integers([2, 2]), harness.Floats(new float[4], 2)));
        Assert.Equal("add_rows: row 2 follows row 2; rows must ascend", error.Message);

        string Throw(int[] rows, int columns) =>
            Assert.Throws<OpException>(() => harness.Ops.AddRows(harness.Floats(new float[8], 4), harness.Ops.Integers(rows), harness.Floats(new float[columns], 1))).Message;
    }
}
