using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Hosting;
using Orleans.TestingHost;
using XLLM.Grains.Administration;
using XLLM.Grains.Catalog;
using XLLM.Grains.Interfaces.Administration;
using XLLM.Grains.Ports;
using XLLM.Grains.Scaling;
using XLLM.Grains.Tests.Fakes;

namespace XLLM.Cluster.Tests.Scaling;

/// <summary>Silos in the test's process whose models come and go.</summary>
internal sealed class LoadableCluster : IAsyncDisposable
{
    private LoadableCluster(GrainCluster grains) => Grains = grains;

    public GrainCluster Grains { get; }

    public IReadOnlyList<InProcessSiloHandle> Silos => Grains.Cluster.Silos;

    public IAdministration Administration => Grains.ClientServices.GetRequiredService<IAdministration>();

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Starts silos that all know the same models and have none.</summary>
    public static async Task<LoadableCluster> StartAsync(short silos, Action<LifecycleOptions>? configure = null, params KnownModel[] known) => new(await GrainCluster.StartAsync(silos, configure: silo =>
    {
        silo.Services.RemoveAll<IModelHost>();
        silo.Services.RemoveAll<IModelLoader>();
        silo.Services.AddSingleton(services => new LoadableHost(services.GetRequiredService<IReplicaAnnouncer>, known));
        silo.Services.AddSingleton<IModelHost>(services => services.GetRequiredService<LoadableHost>());
        silo.Services.AddSingleton<IModelLoader>(services => services.GetRequiredService<LoadableHost>());
        silo.Configure<DrainOptions>(drain => drain.Settle = TimeSpan.FromMilliseconds(100));
        silo.Configure<LifecycleOptions>(lifecycle =>
        {
            lifecycle.ReconcilePeriod = TimeSpan.FromMilliseconds(50);
            lifecycle.MinResidence = TimeSpan.Zero;
            configure?.Invoke(lifecycle);
        });
    }));

    public LoadableHost Host(InProcessSiloHandle silo) => silo.ServiceProvider.GetRequiredService<LoadableHost>();

    /// <summary>Reads a model's events to their end.</summary>
    public async Task<List<ModelLoadEvent>> WatchAsync(string model)
    {
        var events = new List<ModelLoadEvent>();
        await foreach (var next in Administration.WatchDeploymentAsync(model, Cancel))
        {
            events.Add(next);
        }

        return events;
    }

    /// <summary>Waits until something holds; a broken test ends after 2 min.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds, string what)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        while (!await holds())
        {
            Assert.False(limit.IsCancellationRequested, $"after 2 min still not: {what}");
            await Task.Delay(20, Cancel);
        }
    }

    public ValueTask DisposeAsync() => Grains.DisposeAsync();
}
