using XLLM.Grains.Catalog;
using XLLM.Grains.Routing;

namespace XLLM.Grains.Tests.Hosting;

public sealed class OptionsTests
{
    private static readonly IReplicaSelector[] Selectors = [new CacheProduct(), new LeastTokens(), new RoundRobin()];

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
            ["Policy must be one of cache-product, least-tokens, round-robin; it is 'best'", "RefreshPeriod must be 10 ms to 1 min, it is 01:00:00"], routing.Failures!);
    }

    [Fact]
    public void EveryNumberOfTheRouting_HasARange()
    {
        var options = new RoutingOptions
        {
            StaleAfter = TimeSpan.Zero, PrefillWeight = -1, Temperature = double.NaN, HostCredit = 1.1, FirstTokenObjective = TimeSpan.Zero,
            NextTokenObjective = TimeSpan.Zero, CopyTokensPerSecond = -1, CopyThreshold = 0.5,
        };

        var faults = new RoutingOptionsValidator(Selectors).Validate(null, options).Failures!.ToArray();

        Assert.Equal(
            ["StaleAfter", "PrefillWeight", "Temperature", "HostCredit", "FirstTokenObjective", "NextTokenObjective", "CopyTokensPerSecond", "CopyThreshold"],
            faults.Select(fault => fault.Split(' ')[0]));
        Assert.Contains("Temperature must be 0 to 10, it is NaN", faults);
    }
}
