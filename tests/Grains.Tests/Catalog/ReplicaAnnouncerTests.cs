using Microsoft.Extensions.DependencyInjection;
using XLLM.Grains.Catalog;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Tests.Fakes;
using static XLLM.Grains.Tests.Fakes.GrainCluster;

namespace XLLM.Grains.Tests.Catalog;

public sealed class ReplicaAnnouncerTests
{
    [Fact]
    public async Task AStoppedSilo_IsNoReplicaAnyMore_AndAllRequestsGoElsewhere()
    {
        await using var cluster = await StartAsync(silos: 2);
        var catalog = cluster.Cluster.Client.GetGrain<IModelCatalogGrain>(0);
        Assert.Equal(2, (await catalog.ListReplicasAsync("tiny")).Length);
        var (stays, leaves) = (cluster.Cluster.Silos[0], cluster.Cluster.Silos[1]);

        await cluster.Cluster.StopSiloAsync(leaves, Cancelled);

        var left = Assert.Single(await stays.ServiceProvider.GetRequiredService<IGrainFactory>().GetGrain<IModelCatalogGrain>(0).ListReplicasAsync("tiny"));
        Assert.Equal(stays.SiloAddress.ToParsableString(), left.Replica.Silo);
        for (var i = 0; i < 4; i++)
        {
            await ReadAsync(cluster.ClientIn(stays).ChatAsync(Chat("hi"), Cancelled));
        }
    }

    [Fact]
    public async Task ADrainingSilo_TakesNothingNew_AndFinishesWhatRuns()
    {
        await using var cluster = await StartAsync();
        var pause = cluster.Model().PauseBefore(5);
        var running = ReadAsync(cluster.Client.ChatAsync(Chat("hi"), Cancelled));
        await pause.Reached;

        await cluster.Cluster.Silos[0].ServiceProvider.GetRequiredService<IReplicaAnnouncer>().DrainAsync(Cancelled);
        var refused = await RefusalAsync();
        pause.Release();

        Assert.Equal(RequestErrors.Unavailable, refused.Code);
        Assert.Contains("1 drain", refused.Message, StringComparison.Ordinal);
        Assert.Equal(40, (await running).Text.Length);

        async Task<RequestException> RefusalAsync()
        {
            // The router's view may be half a second old, so the first requests can still be taken: they wait at the pause and are left.
            while (true)
            {
                using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
                var turn = cluster.Client.ChatAsync(Chat("more"), leaving.Token).GetAsyncEnumerator(leaving.Token);
                try
                {
                    await turn.MoveNextAsync();
                }
                catch (RequestException exception)
                {
                    return exception;
                }

                await turn.DisposeAsync();
            }
        }
    }
}
