using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class ReleaseTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Release_Throws_ForAMarkOfAnotherStep_AndForOneThatWasForgotten(string variant)
    {
        using var harness = new Harness(variant);
        harness.Ops.BeginStep();
        var early = harness.Ops.Mark();
        _ = harness.Ops.Floats([1, 2, 3], 1);
        var late = harness.Ops.Mark();
        harness.Ops.Release(early);

        Assert.Contains("cannot be released", Assert.Throws<OpException>(() => harness.Ops.Release(late)).Message, StringComparison.Ordinal);
        harness.Ops.Release(early);
        harness.Ops.BeginStep();
        Assert.Contains("cannot be released", Assert.Throws<OpException>(() => harness.Ops.Release(early)).Message, StringComparison.Ordinal);
    }
}
