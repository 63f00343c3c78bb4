using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.TestingHost;
using XLLM.Grains.Administration;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Administration;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Placement;
using XLLM.Grains.Ports;
using XLLM.Grains.Tests.Fakes;
using static XLLM.Cluster.Tests.Scaling.LoadableCluster;
using static XLLM.Grains.Tests.Fakes.GrainCluster;

namespace XLLM.Cluster.Tests.Administration;

/// <summary>A silo is emptied without anybody noticing.</summary>
public sealed class DrainTests
{
    [Fact]
    public async Task DrainAsync_MovesConversations_SendsNothingNew_AndIsUndone()
    {
        await using var cluster = await StartAsync();
        foreach (var id in Sessions)
        {
            await ReadAsync(cluster.Client.ChatAsync(Chat("hi", session: id), Cancel));
        }

        var drained = cluster.Cluster.Silos.MaxBy(silo => Movable(silo).Count)!;
        var other = cluster.Cluster.Silos.Single(silo => silo != drained);
        Assert.NotEqual(0, Movable(drained).Count);

        var report = await Administration(cluster).DrainAsync(drained.Name);
        Assert.Equal((SiloState.Drained, 0), (report.State, report.MovableGrains));
        var before = cluster.Host(drained).Model.Requests.Count;
        foreach (var id in Sessions.Concat(["new 1", "new 2", "new 3", "new 4"]))
        {
            Assert.Equal(EndReason.Stop, (await ReadAsync(cluster.Client.ChatAsync(Chat("again", session: id), Cancel))).Ended.Reason);
        }

        Assert.Equal(before, cluster.Host(drained).Model.Requests.Count);
        Assert.Equal((0, Sessions.Length + 4), (Movable(drained).Count, Movable(other).Count));
        Assert.Equal(4, (await cluster.Client.GetSessionAsync(Sessions[0]))!.Messages.Count);

        report = await Administration(cluster).UndrainAsync(drained.Name);
        Assert.Equal(SiloState.Active, report.State);
        await UntilAsync(
            async () =>
            {
                await ReadAsync(cluster.Client.ChatAsync(Chat("hi"), Cancel));
                return cluster.Host(drained).Model.Requests.Count > before;
            },
            "it gets requests again");
    }

    [Fact]
    public async Task DrainAsync_WaitsForWhatRuns_AndAConversationMovesAfterItsTurn()
    {
        await using var cluster = await StartAsync();
        var pauses = cluster.Cluster.Silos.Select(silo => cluster.Host(silo).Model.PauseBefore(5)).ToArray();
        var reading = ReadAsync(cluster.Client.ChatAsync(Chat("hi", session: "s"), Cancel));
        await Pause.FirstReachedAsync(pauses);
        var home = cluster.Cluster.Silos.Single(silo => Movable(silo).Count == 1);

        var draining = Administration(cluster).DrainAsync(home.Name);
        await UntilAsync(async () => (await Administration(cluster).ListSilosAsync()).Single(silo => silo.Name == home.Name).State == SiloState.Draining, "it drains");
        Assert.False(draining.IsCompleted);
        Assert.False(reading.IsCompleted);

        Array.ForEach(pauses, pause => pause.Release());
        Assert.Equal((EndReason.Stop, 40), ((await reading).Ended.Reason, (await reading).Text.Length));
        Assert.Equal(SiloState.Drained, (await draining).State);
        Assert.Equal(2, (await cluster.Client.GetSessionAsync("s"))!.Messages.Count);
        Assert.Equal(0, Movable(home).Count);
    }

    [Fact]
    public async Task ASiloThatJoinsLater_HearsWhoDrains()
    {
        await using var cluster = await StartAsync();
        var drained = cluster.Cluster.Silos[0];
        await Administration(cluster).DrainAsync(drained.Name);

        var late = await cluster.Cluster.StartAdditionalSiloAsync();
        await cluster.Cluster.WaitForLivenessToStabilizeAsync();

        var draining = late.ServiceProvider.GetRequiredService<DrainingSilos>();
        await UntilAsync(() => Task.FromResult(draining.Contains(drained.SiloAddress)), "it has heard");
    }

    [Fact]
    public async Task ASiloAlone_DrainsAtOnce_AndKeepsItsConversations()
    {
        await using var cluster = await StartAsync(silos: 1);
        await ReadAsync(cluster.Client.ChatAsync(Chat("hi", session: "s"), Cancel));

        var report = await Administration(cluster).DrainAsync(cluster.Cluster.Silos[0].Name);

        Assert.Equal((SiloState.Drained, 1), (report.State, report.MovableGrains));
    }

    [Fact]
    public async Task ASiloThatIsNotThere_IsAnError_ThatNamesThoseThatAre()
    {
        await using var cluster = await StartAsync(silos: 1);

        var refusal = await Assert.ThrowsAsync<RequestException>(() => Administration(cluster).DrainAsync("nowhere"));
        Assert.Equal(RequestErrors.NotFound, refusal.Code);
        Assert.Contains(cluster.Cluster.Silos[0].Name, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Conversations_NeverLiveOnAGateway()
    {
        await using var cluster = await StartAsync(silos: 3, withGateway: true);
        var silos = await Administration(cluster).ListSilosAsync();
        var gateway = silos.Single(silo => silo.Role == SiloRole.Gateway);

        foreach (var id in Enumerable.Range(0, 12).Select(number => $"s{number}"))
        {
            await ReadAsync(cluster.Client.ChatAsync(Chat("hi", session: id), Cancel));
        }

        // A conversation that follows its cache lives nowhere for the moment of its move.
        var after = await Administration(cluster).ListSilosAsync();
        for (var tries = 0; after.Sum(silo => silo.MovableGrains) != 12 && tries < 600; tries++)
        {
            await Task.Delay(50, Cancel);
            after = await Administration(cluster).ListSilosAsync();
        }

        Assert.Equal(0, after.Single(silo => silo.Name == gateway.Name).MovableGrains);
        Assert.Equal(12, after.Sum(silo => silo.MovableGrains));
    }

    private static string[] Sessions { get; } = [.. Enumerable.Range(0, 8).Select(number => $"session {number}")];

    private static IAdministration Administration(GrainCluster cluster) => cluster.ClientServices.GetRequiredService<IAdministration>();

    private static MovableGrains Movable(InProcessSiloHandle silo) => silo.ServiceProvider.GetRequiredService<MovableGrains>();

    /// <summary>Silos that serve a model; with a gateway one of them serves none, as gateways do.</summary>
    private static Task<GrainCluster> StartAsync(short silos = 2, bool withGateway = false) => GrainCluster.StartAsync(
        silos,
        silo => withGateway && silo == 0 ? new FakeModelHost() : new FakeModelHost(new FakeModel()),
        silo =>
        {
            var host = (IModelHost)silo.Services.Last(service => service.ServiceType == typeof(IModelHost)).ImplementationInstance!;
            var role = host.Models.Count == 0 ? SiloRole.Gateway : SiloRole.Engine;
            silo.UseSiloMetadata(new Dictionary<string, string> { [SiloRoles.MetadataKey] = SiloRoles.ToText(role) });
            silo.Configure<DrainOptions>(drain => drain.Settle = TimeSpan.FromMilliseconds(700));      // longer than a router trusts its view (500 ms)
        });
}
