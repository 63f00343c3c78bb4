using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Responses;
using XLLM.Grains.Responses;
using XLLM.Grains.Tests.Fakes;
using XLLM.Grains.Tests.Responses;
using XLLM.Silo.Hosting.Cluster;
using XLLM.Silo.Hosting.Storage;
using static XLLM.Cluster.Tests.Scaling.LoadableCluster;
using static XLLM.Grains.Tests.Fakes.GrainCluster;

namespace XLLM.Cluster.Tests.Storage;

/// <summary>Responses whose time is over leave no row in a real database, whoever stored them.</summary>
public sealed class ResponseSweepStoreTests(DatabaseFixture databases)
{
    private const int Responses = 40;
    private readonly ShiftedClock _clock = new();

    [Theory]
    [InlineData(ClusterSettings.Postgres)]
    [InlineData(ClusterSettings.Sqlite)]
    public async Task Responses_AreDeletedByAClusterThatStartedAfterThem(string store)
    {
        var options = StoreHost.Options(
            store, store == ClusterSettings.Postgres ? await databases.CreateAsync() : Path.Combine(Directory.CreateTempSubdirectory("xllm-sweep-").FullName, "cluster.db"));
        ClusterStore.Apply(options, mayChange: true);
        var pages = new HashSet<SweepPage>();
        await using (var first = await StartAsync(options))
        {
            await Task.WhenAll(Enumerable.Range(0, Responses).Select(number => AnswerAsync(first, $"r{number}", pages)));
            var rows = new StoredRows(first);
            Assert.DoesNotContain(false, await Task.WhenAll(Enumerable.Range(0, Responses).Select(number => rows.HasResponseAsync($"r{number}"))));
            Assert.Equal(Responses, (await Task.WhenAll(pages.Select(rows.PageAsync))).Sum(page => page!.Split(',').Length));
        }

        _clock.Advance(TimeSpan.FromDays(30) + TimeSpan.FromHours(2));
        await using (var second = await StartAsync(options))
        {
            var rows = new StoredRows(second);
            await UntilAsync(async () => (await Task.WhenAll(pages.Select(rows.ReminderAsync))).All(reminder => reminder is null), "every page's reminder has come and gone");

            Assert.DoesNotContain(true, await Task.WhenAll(Enumerable.Range(0, Responses).Select(number => rows.HasResponseAsync($"r{number}"))));
            Assert.All(await Task.WhenAll(pages.Select(rows.PageAsync)), Assert.Null);
        }
    }

    private Task<GrainCluster> StartAsync(XLLM.Silo.Hosting.SiloOptions options) => GrainCluster.StartAsync(configure: silo =>
    {
        _clock.AddTo(silo);
        silo.Configure<ClusterOptions>(cluster => cluster.ServiceId = options.Cluster.ServiceId);       // else each cluster of a test has its own, and rows belong to it
        if (options.Cluster.Store == ClusterSettings.Postgres)
        {
            silo.AddXllmPostgresStorage(options.Cluster.ConnectionString);
        }
        else
        {
            silo.AddXllmSqliteStorageAt(options.Cluster.DatabasePath);
        }
    });

    private static async Task AnswerAsync(GrainCluster cluster, string id, HashSet<SweepPage> pages)
    {
        var responses = cluster.ClientServices.GetRequiredService<IResponseClient>();
        var begun = await responses.StartAsync(id, new ResponseStart { Request = Chat("hello", id: id), Fingerprint = id });
        await foreach (var _ in responses.ReadAsync(id, 0, Cancelled))
        {
            // Only its end matters here.
        }

        lock (pages)
        {
            pages.Add(SweepPage.Of(id, begun.Created + begun.Start.KeepFor));
        }
    }
}
