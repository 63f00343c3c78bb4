using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;
using XLLM.Grains.Prefixes;
using XLLM.Grains.Tests.Fakes;

namespace XLLM.Grains.Tests.Prefixes;

/// <summary>Real silos: what one of them holds is known to all, also to those that join later, and forgotten when it dies.</summary>
public sealed class PrefixPublisherTests
{
    private static readonly PrefixHash[] Chain = PrefixHash.Chain(PrefixHash.Root("tiny", null), [.. Enumerable.Range(0, 160)], 16);

    [Fact]
    public async Task WhatASiloHolds_IsKnownToAll_AndForgottenWhenItDies()
    {
        var sources = new List<FakeSource>();
        await using var cluster = await GrainCluster.StartAsync(3, _ =>
        {
            var model = new FakeModel { Prefixes = new FakeSource() };
            sources.Add((FakeSource)model.Prefixes);
            return new FakeModelHost(model);
        });
        var silos = cluster.Cluster.Silos.ToArray();
        var source = (FakeSource)cluster.Host(silos[0]).Model.Prefixes!;
        source.Add(false, [.. Chain.Select(hash => new PrefixChange(hash, PrefixTiers.Device))]);

        await EveryoneAsync(silos, silos[0], new PrefixHolding(10, 10));
        var (holder, peers) = (new ReplicaKey("tiny", silos[0].SiloAddress.ToParsableString()), silos[1].ServiceProvider.GetRequiredService<IKvPeers>());
        Assert.Equal(new KvPeer("127.0.0.1:1", 10), peers.Find(Chain, holder));
        Assert.Equal(new KvPeer("127.0.0.1:1", 0), peers.Find([new PrefixHash(1, 1)], holder));
        Assert.Null(peers.Find(Chain, holder with { Model = "another" }));
        Assert.Null(silos[0].ServiceProvider.GetRequiredService<IKvPeers>().Find(Chain, holder));      // itself
        Assert.True(silos[1].ServiceProvider.GetRequiredService<IPrefixView>().Lends(holder));
        Assert.False(silos[1].ServiceProvider.GetRequiredService<IPrefixView>().Lends(holder with { Model = "another" }));
        source.Add(false, new PrefixChange(Chain[7], PrefixTiers.Host), new PrefixChange(Chain[9], PrefixTiers.None));
        await EveryoneAsync(silos, silos[0], new PrefixHolding(7, 9));
        source.Add(true, new PrefixChange(Chain[0], PrefixTiers.Device));
        await EveryoneAsync(silos, silos[0], new PrefixHolding(1, 1));

        var late = await cluster.Cluster.StartAdditionalSiloAsync();
        await EveryoneAsync([late], silos[0], new PrefixHolding(1, 1));

        await cluster.Cluster.KillSiloAsync(silos[0], TestContext.Current.CancellationToken);
        await EveryoneAsync([silos[1], silos[2]], silos[0], default);
    }

    [Fact]
    public async Task AModelThatIsUnloaded_HoldsNothingAnyMore()
    {
        await using var cluster = await GrainCluster.StartAsync(2, _ => new FakeModelHost(new FakeModel { Prefixes = new FakeSource() }));
        var silos = cluster.Cluster.Silos.ToArray();
        var model = cluster.Host(silos[0]).Model;
        ((FakeSource)model.Prefixes!).Add(false, new PrefixChange(Chain[0], PrefixTiers.Device));
        await EveryoneAsync(silos, silos[0], new PrefixHolding(1, 1));

        model.Prefixes = null;
        await EveryoneAsync(silos, silos[0], default);
    }

    /// <summary>Waits until each silo's view says so; the test's own time limit ends a wait that never does.</summary>
    private static async Task EveryoneAsync(InProcessSiloHandle[] silos, InProcessSiloHandle holder, PrefixHolding expected)
    {
        var key = new ReplicaKey("tiny", holder.SiloAddress.ToParsableString());
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(GrainCluster.Cancelled);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        foreach (var silo in silos)
        {
            var view = silo.ServiceProvider.GetRequiredService<IPrefixView>();
            var holding = new PrefixHolding[1];
            while (true)
            {
                view.Find(Chain, [key], holding);
                if (holding[0] == expected)
                {
                    break;
                }

                Assert.False(limit.IsCancellationRequested, $"{silo.Name} says {holding[0]}, not {expected}");
                await Task.Delay(10, GrainCluster.Cancelled);
            }
        }
    }

    private sealed class FakeSource : IPrefixSource
    {
        private readonly Lock _gate = new();
        private readonly Queue<PrefixChanges> _changes = new();

        public string? PeerEndpoint => "127.0.0.1:1";

        public void Add(bool isComplete, params PrefixChange[] changes)
        {
            lock (_gate)
            {
                _changes.Enqueue(new PrefixChanges(isComplete, changes));
            }
        }

        public PrefixChanges Take()
        {
            lock (_gate)
            {
                return _changes.TryDequeue(out var changes) ? changes : new PrefixChanges(false, []);
            }
        }
    }
}
