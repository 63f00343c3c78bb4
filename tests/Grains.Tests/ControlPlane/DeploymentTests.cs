namespace XLLM.Grains.Tests.ControlPlane;

/// <summary>Hundreds of seeds of deployments whose silos die, drain, are silent and fail. A seed that fails is in the message and replays the same run.</summary>
public sealed class DeploymentTests
{
    private const int Seeds = 400;

    [Fact]
    public void AfterAQuietWhile_EveryModelHasTheReplicasThatAreWanted_AndNoneWasLoadedTwice()
    {
        var (killed, drains, loads, failedLoads, failedWrites, activations) = (0, 0, 0, 0, 0, 0);
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var deployments = new SimulatedDeployments(seed);
            var broken = deployments.Run();
            Assert.True(broken.Count == 0, $"seed {seed}: {string.Join("; ", broken.Take(5))}");
            (killed, drains) = (killed + deployments.Killed, drains + deployments.Drains);
            (loads, failedLoads) = (loads + deployments.Loads, failedLoads + deployments.FailedLoads);
            (failedWrites, activations) = (failedWrites + deployments.FailedWrites, activations + deployments.Activations);
        }

        // The disturbances were real.
        Assert.InRange(killed, 2 * Seeds, 10 * Seeds);
        Assert.InRange(drains, Seeds, 10 * Seeds);
        Assert.InRange(failedLoads, Seeds, 50 * Seeds);
        Assert.InRange(failedWrites, 2 * Seeds, 20 * Seeds);
        Assert.InRange(activations, 2 * Seeds, 30 * Seeds);
        TestContext.Current.SendDiagnosticMessage($"{killed} silos were killed, {drains} drained, {failedLoads} of {loads} loads and {failedWrites} writes failed, the grain was activated {activations} times");
    }
}
