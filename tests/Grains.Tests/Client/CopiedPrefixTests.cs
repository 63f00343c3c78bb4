using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Routing;
using XLLM.Grains.Tests.Fakes;
using static XLLM.Grains.Tests.Fakes.GrainCluster;

namespace XLLM.Grains.Tests.Client;

/// <summary>Whom routing names to send a prefix is what the chosen replica hears.</summary>
public sealed class CopiedPrefixTests
{
    [Fact]
    public async Task ChatAsync_TellsTheChosenReplica_WhoShouldSendThePrefix_AndNobodyAfterThatOneIsGone()
    {
        await using var cluster = await StartAsync(silos: 2, configure: silo =>
        {
            silo.Services.AddSingleton<IReplicaSelector, FirstCopiesFromSecond>();
            silo.Configure<RoutingOptions>(options => options.Policy = FirstCopiesFromSecond.PolicyName);
        });
        ReplicaKey[] keys = [.. cluster.Cluster.Silos.Select(silo => new ReplicaKey("tiny", silo.SiloAddress.ToParsableString())).OrderBy(key => key.ToString(), StringComparer.Ordinal)];
        var chosen = cluster.Cluster.Silos.Single(silo => silo.SiloAddress.ToParsableString() == keys[0].Silo);
        var other = cluster.Cluster.Silos.Single(silo => silo != chosen);

        await ReadAsync(cluster.ClientIn(chosen).ChatAsync(Chat("tell me"), Cancelled));
        await cluster.Cluster.KillSiloAsync(other, Cancelled);
        await ReadAsync(cluster.ClientIn(chosen).ChatAsync(Chat("tell me"), Cancelled));

        var requests = cluster.Host(chosen).Model.Requests.ToArray();
        Assert.Equal((keys[1], 0), (requests[0].CopyFrom!.Replica, requests[0].CopyFrom!.Tokens));
        Assert.Null(requests[^1].CopyFrom);
    }

    private sealed class FirstCopiesFromSecond : IReplicaSelector
    {
        public const string PolicyName = "first-copies-from-second";

        public string Name => PolicyName;

        public Selection Select(ReadOnlySpan<ReplicaCandidate> candidates, in SelectionRequest request) => new(0, "prefix copied") { CopyFrom = 1 };
    }
}
