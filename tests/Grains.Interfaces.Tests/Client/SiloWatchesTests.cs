using XLLM.Grains.Interfaces.Client;

namespace XLLM.Grains.Interfaces.Tests.Client;

public sealed class SiloWatchesTests
{
    [Fact]
    public void ADeath_IsTold_ToAllWhoWaitForThatSilo_Once()
    {
        var watches = new SiloWatches();
        var told = new List<string>();
        using var first = watches.Add("s1", () => told.Add("first"));
        using var second = watches.Add("s1", () => told.Add("second"));
        using var other = watches.Add("s2", () => told.Add("other"));
        Assert.Equal(["s1", "s2"], watches.Silos.Order());

        watches.Die("s1");
        watches.Die("s1");
        watches.Die("s3");

        Assert.Equal(["first", "second"], told);
        Assert.Equal(["s2"], watches.Silos);
    }

    [Fact]
    public void WhoHasLeft_IsToldNothing_AndNobodyIsAskedAbout()
    {
        var watches = new SiloWatches();
        var told = new List<string>();
        var left = watches.Add("s1", () => told.Add("left"));
        using var stays = watches.Add("s1", () => told.Add("stays"));
        left.Dispose();
        left.Dispose();
        watches.Die("s1");
        Assert.Equal(["stays"], told);

        watches.Add("s2", () => told.Add("gone")).Dispose();
        Assert.Empty(watches.Silos);

        // What a watch does when it hears may end others, and begin new ones.
        IDisposable? again = null;
        using var ends = watches.Add("s3", () => again = watches.Add("s3", () => told.Add("again")));
        watches.Die("s3");
        Assert.Equal(["s3"], watches.Silos);
        watches.Die("s3");
        Assert.Equal(["stays", "again"], told);
        again!.Dispose();
    }
}
