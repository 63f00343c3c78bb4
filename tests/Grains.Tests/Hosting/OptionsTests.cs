using XLLM.Grains.Catalog;
using XLLM.Grains.Routing;

namespace XLLM.Grains.Tests.Hosting;

public sealed class OptionsTests
{
    private static readonly IReplicaSelector[] Selectors = [new LeastTokens(), new PowerOfTwoChoices(), new RoundRobin()];

    [Fact]
    public void Defaults_AreValid()
    {
        Assert.True(new CatalogOptionsValidator().Validate(null, new CatalogOptions()).Succeeded);
        Assert.True(new RoutingOptionsValidator(Selectors).Validate(null, new RoutingOptions()).Succeeded);
    }

    [Fact]
    public void Faults_AreAllTold()
    {
        var catalog = new CatalogOptionsValidator().Validate(null, new CatalogOptions { HeartbeatPeriod = TimeSpan.Zero, MissedHeartbeats = 1 });
        Assert.Equal(["HeartbeatPeriod must be 50 ms to 1 min, it is 00:00:00", "MissedHeartbeats must be 2 to 100, it is 1"], catalog.Failures!);

        var routing = new RoutingOptionsValidator(Selectors).Validate(null, new RoutingOptions { Policy = "best", RefreshPeriod = TimeSpan.FromHours(1) });
        Assert.Equal(
            ["Policy must be one of least-tokens, power-of-two, round-robin; it is 'best'", "RefreshPeriod must be 10 ms to 1 min, it is 01:00:00"], routing.Failures!);
    }
}
