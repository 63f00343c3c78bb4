using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;
using XLLM.Grains.Ports;
using XLLM.Silo.Hosting;
using XLLM.Silo.Hosting.Cluster;
using XLLM.Silo.Hosting.Storage;

namespace XLLM.Cluster.Tests.Storage;

/// <summary>The stores of a cluster member, wired as the program wires them; the silo itself is not started.</summary>
internal sealed class StoreHost : IAsyncDisposable
{
    private readonly IHost _host;

    private StoreHost(IHost host) => _host = host;

    public IGrainStorage Storage => _host.Services.GetRequiredKeyedService<IGrainStorage>(StorageNames.Default);

    public IMembershipTable Membership => _host.Services.GetRequiredService<IMembershipTable>();

    public IReminderTable Reminders => _host.Services.GetRequiredService<IReminderTable>();

    /// <summary>Options of a member of a cluster.</summary>
    /// <param name="place">A connection string, or a SQLite file.</param>
    /// <param name="store">postgres or sqlite.</param>
    public static SiloOptions Options(string store, string place) => new()
    {
        StatePath = Path.GetTempPath(),
        Cluster = { Store = store, ConnectionString = store == ClusterSettings.Postgres ? place : "", DatabasePath = store == ClusterSettings.Sqlite ? place : "" },
    };

    public static async Task<StoreHost> CreateAsync(SiloOptions options)
    {
        ClusterStore.Apply(options, mayChange: true);
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo => silo.JoinXllmCluster(options));
        var host = new StoreHost(builder.Build());
        foreach (var storage in (object[])[host.Storage])
        {
            // As the silo's lifecycle would.
            var lifecycle = ActivatorUtilities.CreateInstance<StoreLifecycle>(host._host.Services);
            ((ILifecycleParticipant<ISiloLifecycle>)storage).Participate(lifecycle);
            await lifecycle.OnStart(TestContext.Current.CancellationToken);
        }

        await host.Membership.InitializeMembershipTableAsync(tryInitTableVersion: true, TestContext.Current.CancellationToken);
        await host.Reminders.StartAsync(TestContext.Current.CancellationToken);
        return host;
    }

    public ValueTask DisposeAsync() => ((IAsyncDisposable)_host).DisposeAsync();

    private sealed class StoreLifecycle(ILogger<StoreLifecycle> logger) : LifecycleSubject(logger), ISiloLifecycle
    {
        public int HighestCompletedStage => int.MinValue;

        public int LowestStoppedStage => int.MaxValue;
    }
}
