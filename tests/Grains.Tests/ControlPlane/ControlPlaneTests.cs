using XLLM.Grains.Routing;

namespace XLLM.Grains.Tests.ControlPlane;

/// <summary>Hundreds of seeds of a cluster that is killed, drained and delayed. A seed that fails is in the message and replays the same run.</summary>
public sealed class ControlPlaneTests
{
    private const int Seeds = 400;
    private const int Requests = 152;       // of one seed

    private static readonly IReplicaSelector[] Selectors =
        [new CacheProduct(), new CacheAware(), new FirstToken(), new LeastTokens(), new PowerOfTwoChoices(), new RoundRobin()];

    [Fact]
    public void EveryRequestEndsOnce_NoneGoesToAReplicaKnownToBeDead_AndTheBooksBalance()
    {
        var (completed, lost, restarts) = (0, 0, 0);
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var cluster = new SimulatedCluster(seed, Selectors[seed % Selectors.Length]);
            var broken = cluster.Run();
            Assert.True(broken.Count == 0, $"seed {seed}, {Selectors[seed % Selectors.Length].Name}: {string.Join("; ", broken.Take(5))}");
            completed += cluster.Completed;
            lost += cluster.Lost;
            restarts += cluster.Restarts;
        }

        // The disturbances were real, and most requests outlived them.
        Assert.InRange(lost, 4 * Seeds, 12 * Seeds);
        Assert.InRange(restarts, Seeds, Requests * Seeds);
        Assert.InRange(completed, 0.97 * Requests * Seeds, Requests * Seeds);
        TestContext.Current.SendDiagnosticMessage($"{completed} of {Requests * Seeds} requests completed, {restarts} went on elsewhere, {lost} silos were lost");
    }

    [Fact]
    public void TheSameSeed_GivesTheSameRun()
    {
        var first = new SimulatedCluster(7, new CacheProduct());
        var second = new SimulatedCluster(7, new CacheProduct());

        Assert.Equal(first.Run(), second.Run());
        Assert.Equal((first.Completed, first.Lost, first.Restarts), (second.Completed, second.Lost, second.Restarts));
    }
}
