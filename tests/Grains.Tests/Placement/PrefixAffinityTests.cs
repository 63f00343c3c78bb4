using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.TestingHost;
using XLLM.Grains.Placement;
using XLLM.Grains.Routing;
using XLLM.Grains.Tests.Fakes;
using static XLLM.Grains.Tests.Fakes.GrainCluster;

namespace XLLM.Grains.Tests.Placement;

public sealed class PrefixAffinityTests
{
    [Fact]
    public async Task TheSecondTurn_RunsWhereTheFirstDid_AndTheSessionLivesThere()
    {
        const int sessions = 100;
        await using var cluster = await StartAsync(silos: 3);
        var text = new string('x', 2000);               // 125 KV blocks: what a second turn finds again

        // First turns at a time, so that every silo gets some.
        await Task.WhenAll(Enumerable.Range(0, sessions).Select(i => ReadAsync(cluster.Client.ChatAsync(Chat(text, session: $"s{i}", id: $"first-{i}"), Cancelled))));
        var first = Enumerable.Range(0, sessions).Select(i => SiloThatServed(cluster, $"first-{i}")).ToArray();
        Assert.All(first.CountBy(silo => silo), count => Assert.InRange(count.Value, sessions / 6, sessions / 2));

        // Second turns one after the other: no silo is busier than another by what a conversation is long.
        for (var i = 0; i < sessions; i++)
        {
            await ReadAsync(cluster.Client.ChatAsync(Chat("and then?", session: $"s{i}", id: $"second-{i}"), Cancelled));
        }

        Assert.InRange(Enumerable.Range(0, sessions).Count(i => SiloThatServed(cluster, $"second-{i}").Equals(first[i])), 99 * sessions / 100, sessions);
        await WhenAtHomeAsync(cluster, 99 * sessions / 100, Enumerable.Range(0, sessions).ToDictionary(i => $"s{i}", i => first[i]));
        Assert.Equal(4, (await cluster.Client.GetSessionAsync("s7"))!.Messages.Count);      // moved with what it knows
    }

    [Fact]
    public async Task ASession_Follows_WhenItsCacheHasMoved()
    {
        await using var cluster = await StartAsync(silos: 2);
        await ReadAsync(cluster.Client.ChatAsync(Chat("one", session: "s", id: "first"), Cancelled));
        var home = SiloThatServed(cluster, "first");
        await WhenAtHomeAsync(cluster, 1, new() { ["s"] = home });

        // Its replica is full, so the next turn goes elsewhere, and its KV blocks are there from then on.
        var full = cluster.Host(cluster.Cluster.Silos.Single(silo => silo.SiloAddress.Equals(home))).Model;
        full.Refusal = new() { Reason = Interfaces.Generation.EndReason.Overloaded, Usage = new(1, 0, 0) };
        await ReadAsync(cluster.Client.ChatAsync(Chat("two", session: "s", id: "second"), Cancelled));
        full.Refusal = null;
        var elsewhere = cluster.Cluster.Silos.Select(silo => silo.SiloAddress).Single(silo => !silo.Equals(home));

        await WhenAtHomeAsync(cluster, 1, new() { ["s"] = elsewhere });
        await ReadAsync(cluster.Client.ChatAsync(Chat("three", session: "s", id: "third"), Cancelled));
        Assert.Equal(elsewhere, SiloThatServed(cluster, "third"));
        Assert.Equal(["one", "two", "three"], (await cluster.Client.GetSessionAsync("s"))!.Messages.Where(message => message.Role == "user").Select(message => message.Text));
    }

    [Fact]
    public void WithoutAHint_AGrainKeepsItsSilo_UnlessThatOneGoes()
    {
        SiloAddress[] silos = [.. Enumerable.Range(1, 5).Select(port => SiloAddress.New(IPAddress.Loopback, port, 1))];
        var grains = Enumerable.Range(0, 5000).Select(i => (uint)(i * 2654435761)).ToArray();

        var before = Array.ConvertAll(grains, grain => PrefixAffinityDirector.Rendezvous(grain, silos));
        var after = Array.ConvertAll(grains, grain => PrefixAffinityDirector.Rendezvous(grain, silos.AsSpan(1)));

        Assert.All(before.CountBy(silo => silo), count => Assert.InRange(count.Value, 800, 1200));
        Assert.All(before.Zip(after).Where(pair => !pair.First.Equals(silos[0])), pair => Assert.Equal(pair.First, pair.Second));
    }

    private static SiloAddress SiloThatServed(GrainCluster cluster, string requestId) =>
        cluster.Cluster.Silos.Single(silo => cluster.Host(silo).Model.Requests.Any(request => request.RequestId == requestId)).SiloAddress;

    /// <summary>Done when at least so many sessions are active where they should be, once each; fails after 20 s. The silos themselves are asked: directories may remember old places.</summary>
    private static async Task WhenAtHomeAsync(GrainCluster cluster, int least, Dictionary<string, SiloAddress> homes)
    {
        var management = cluster.Cluster.Client.GetGrain<IManagementGrain>(0);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        while (true)
        {
            var sessions = (await management.GetDetailedGrainStatistics()).Where(grain => grain.GrainId.Type.ToString() == "xllm.session").ToArray();
            var home = sessions.Count(grain => homes.TryGetValue(grain.GrainId.Key.ToString()!, out var silo) && silo.Equals(grain.SiloAddress));
            if (home >= least && sessions.Length == homes.Count)
            {
                return;
            }

            Assert.False(patience.IsCancellationRequested, $"{home} of {homes.Count} sessions are at home, {sessions.Length} are active");
            await Task.Delay(20, Cancelled);
        }
    }
}
