using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class MarkTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Mark_AndRelease_UseTheMemoryOfWhatCameBetweenAgain_AndLeaveWhatCameBefore(string variant)
    {
        using var harness = new Harness(variant);
        harness.Ops.BeginStep();
        var before = harness.Ops.Floats([1, 2, 3], 1);
        var mark = harness.Ops.Mark();
        var first = harness.Ops.Floats([4, 5, 6], 1);
        harness.Ops.Release(mark);
        var second = harness.Ops.Floats([7, 8, 9], 1);

        Assert.Equal(first, second);
        Assert.Equal([1, 2, 3], harness.Read(before));
        Assert.Equal([7, 8, 9], harness.Read(second));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Mark_Holds_WhenTheWorkspaceHasGrownSince(string variant)
    {
        using var harness = new Harness(variant);
        harness.Ops.BeginStep();
        var values = Harness.Random(1, 300_000);
        var before = harness.Ops.Floats(values, 300);
        var mark = harness.Ops.Mark();
        var addresses = new HashSet<nint>();
        for (var round = 0; round < 3; round++)
        {
            // More than the first chunk has left: further chunks are added in the first round and used again in the others.
            var large = harness.Ops.Floats(values, 100);
            var larger = harness.Ops.Floats([.. values, .. values, .. values], 3);
            Assert.True(addresses.Add(large.Data) == (round == 0) && addresses.Add(larger.Data) == (round == 0), $"round {round} took memory of its own");
            Compare.SameBits(values, harness.Read(large));
            Compare.SameBits(values, harness.Read(larger.RowSlice(2, 1)));
            Compare.SameBits(values, harness.Read(before));
            harness.Ops.Release(mark);
        }
    }
}
