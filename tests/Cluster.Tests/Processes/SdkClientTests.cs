using System.Data.Common;
using System.Diagnostics;
using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Configuration;
using Orleans.Hosting;
using XLLM.Cluster.Tests.Storage;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Connections;
using XLLM.Testing;

namespace XLLM.Cluster.Tests.Processes;

/// <summary>Business services that join a real cluster of processes: over TLS, and by what its database says.</summary>
public sealed class SdkClientTests(DatabaseFixture databases)
{
    private static readonly string[] Silo = ["--threads", "1", "--kv-cache-memory", "64MiB", "--max-context", "512"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AClientWithTheClustersCertificate_IsAnswered_AndNobodyElseIs()
    {
        var folder = Directory.CreateTempSubdirectory("xllm-tls-").FullName;
        var (own, foreign) = (new ClusterCertificate(folder, "cluster"), new ClusterCertificate(folder, "foreign"));
        await using var silo = await SiloProcess.StartAsync(["--cluster", "sqlite", .. Silo, .. own.Switches]);
        using var database = SqliteFactory.Instance.CreateDataSource($"Data Source={Path.Combine(silo.StatePath, "xllm.db")}");

        await using var client = Client.Of(database, own.Settings);
        Assert.Contains("Tokyo", await client.AskAsync(), StringComparison.Ordinal);

        await Task.WhenAll(((TlsSettings[])[new(), own.Trusting, foreign.Settings]).Select(refused => RefusesAsync(database, refused)));
        Assert.Contains("Tokyo", await client.AskAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AClientWithoutACertificate_IsAnswered_WhereSilosAskForNone_AndOnlyBySilosThatItTrusts()
    {
        var folder = Directory.CreateTempSubdirectory("xllm-tls-").FullName;
        var (own, foreign) = (new ClusterCertificate(folder, "cluster"), new ClusterCertificate(folder, "foreign"));
        await using var silo = await SiloProcess.StartAsync(["--cluster", "sqlite", .. Silo, .. own.Switches, "--Xllm:Cluster:Tls:RequireClientCertificate=false"]);
        using var database = SqliteFactory.Instance.CreateDataSource($"Data Source={Path.Combine(silo.StatePath, "xllm.db")}");

        await using var client = Client.Of(database, own.Trusting);
        Assert.Contains("Tokyo", await client.AskAsync(), StringComparison.Ordinal);

        await RefusesAsync(database, foreign.Trusting);
    }

    [Fact]
    public async Task AClient_FindsTheSilosInPostgres_AlsoOneThatStartedAfterIt()
    {
        var connectionString = await databases.CreateAsync();
        string[] member = ["--cluster", "postgres", "--cluster-database", connectionString, .. Silo];
        await using var first = await SiloProcess.StartAsync(member);
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var client = Client.Of(database, new());
        Assert.Contains("Tokyo", await client.AskAsync(), StringComparison.Ordinal);

        await using var second = await SiloProcess.StartAsync(member);
        await first.KillAsync();

        Assert.Contains("Tokyo", await client.AskAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AClientsStreams_GoOn_WhenTheSiloThatWritesThemIsKilled()
    {
        Assert.SkipUnless(OneHost.Missing is null, OneHost.Missing ?? "");
        await using var host = await OneHost.StartAsync("--silos", "2", "--gateways", "1");
        await using var database = NpgsqlDataSource.Create(host.ConnectionString);
        await using var client = Client.Of(database, new());
        var expected = await client.StreamAsync(() => Task.CompletedTask);

        // Eight streams, on whichever silo; one silo dies when they all have begun.
        var begun = 0;
        var allHaveBegun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var killed = KillAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => client.StreamAsync(() =>
        {
            if (Interlocked.Increment(ref begun) == 8)
            {
                allHaveBegun.SetResult();
            }

            return killed;
        })));

        Assert.All(answers, answer => Assert.Equal(expected.Text, answer.Text));
        TestContext.Current.SendDiagnosticMessage($"{await killed} was killed; longest gap {answers.Max(answer => answer.LongestGap).TotalSeconds:F1} s");

        async Task<string> KillAsync()
        {
            await allHaveBegun.Task.WaitAsync(TimeSpan.FromMinutes(2), Cancel);       // one that fails before it begins ends the test
            await host.SignalAsync("silo-1");
            return "silo-1";
        }
    }

    /// <summary>Orleans' client goes on trying for minutes when no silo takes it, so this one is told to give up after the time in which the others were answered.</summary>
    private static async Task RefusesAsync(DbDataSource database, TlsSettings tls)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(10));
        await using var client = Client.Of(database, tls);
        await Assert.ThrowsAnyAsync<Exception>(() => client.StartAsync(patience.Token));
        Cancel.ThrowIfCancellationRequested();
    }

    /// <summary>A business service.</summary>
    private sealed class Client(IHost host) : IAsyncDisposable
    {
        private bool _started;

        public static Client Of(DbDataSource database, TlsSettings tls)
        {
            var builder = Host.CreateApplicationBuilder();
            builder.Logging.ClearProviders();
            builder.AddXllmClient(
                options => (options.GatewayDatabase, options.Tls) = (database, tls),
                client => client.Configure<GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = TimeSpan.FromSeconds(1)));
            return new(builder.Build());
        }

        public async Task StartAsync(CancellationToken cancellationToken)
        {
            await host.StartAsync(cancellationToken);
            _started = true;
        }

        public async Task<string> AskAsync()
        {
            if (!_started)
            {
                await StartAsync(Cancel);
            }

            return (await host.Services.GetRequiredService<IChatClient>().GetResponseAsync("What is the capital of Japan?", new() { Temperature = 0 }, Cancel)).Text;
        }

        /// <summary>A drawn answer of 400 tokens, the same each time.</summary>
        /// <param name="begun">Called after the first token, and waited for.</param>
        public async Task<(string Text, TimeSpan LongestGap)> StreamAsync(Func<Task> begun)
        {
            if (!_started)
            {
                await StartAsync(Cancel);
            }

            var (text, gap, clock) = (new StringBuilder(), TimeSpan.Zero, Stopwatch.StartNew());
            var options = new ChatOptions { Temperature = 0.9f, Seed = 7, MaxOutputTokens = 400, AdditionalProperties = new() { ["min_tokens"] = 400 } };
            await foreach (var update in host.Services.GetRequiredService<IChatClient>().GetStreamingResponseAsync("Tell me a story about a fox named Ruby.", options, Cancel))
            {
                if (update.Text.Length > 0)
                {
                    var isFirst = text.Length == 0;
                    gap = isFirst || gap > clock.Elapsed ? gap : clock.Elapsed;
                    text.Append(update.Text);
                    if (isFirst)
                    {
                        await begun();
                    }

                    clock.Restart();
                }
            }

            return (text.ToString(), gap);
        }

        public async ValueTask DisposeAsync()
        {
            if (_started)
            {
                await host.StopAsync(Cancel);
            }

            await ((IAsyncDisposable)host).DisposeAsync();
        }
    }
}
