using System.Runtime.CompilerServices;
using Microsoft.Extensions.Options;
using XLLM.Grains.Administration;
using XLLM.Grains.Catalog;
using XLLM.Grains.Interfaces.Administration;
using XLLM.Grains.Ports;
using XLLM.Grains.Scaling;

namespace XLLM.Silo.Hosting;

/// <summary>Brings models into this silo and out of it while it runs. Loading has a thread of its own: it reads gigabytes, and the thread pool belongs to the grains (D10).</summary>
internal sealed partial class ModelLoading(
    SiloOptions options, ModelHost host, HostedModelLoader loader, IReplicaAnnouncer announcer, IOptions<DrainOptions> drain, IOptions<LifecycleOptions> lifecycle,
    TimeProvider clock, ILogger<ModelLoading> logger) : IModelLoader
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ModelLoadRun> _loading = [];
    private readonly Dictionary<string, Task> _unloading = [];
    private readonly ModelSource[] _configured = options.Cluster.HostsModels ? ModelSource.Configured(options) : [];

    /// <inheritdoc/>
    public IReadOnlyList<KnownModel> Known => [.. Sources().Select(source => new KnownModel(source.Name, Expected(source.Folder)))];

    /// <inheritdoc/>
    public long? MemoryBudgetBytes => lifecycle.Value.MemoryBudgetBytes;

    /// <inheritdoc/>
    public IReadOnlyList<LoadedReplica> Replicas
    {
        get
        {
            lock (_lock)
            {
                return
                [
                    .. host.Hosted.Select(Describe)
                        .Concat(_loading.Select(run => new LoadedReplica { Model = run.Key, State = LoadedState.Loading, Bytes = run.Value.Bytes }))
                        .OrderBy(replica => replica.Model, StringComparer.Ordinal),
                ];
            }
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ModelLoadEvent> LoadAsync(ModelPlace model, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (host.FindHosted(model.Name) is { IsDraining: false })
        {
            yield return new ModelLoadEvent { Model = model.Name, Silo = "", Stage = ModelLoadStage.Ready, Message = "it was here already" };
            yield break;
        }

        if (Start(model) is not { } run)
        {
            yield return new ModelLoadEvent { Model = model.Name, Silo = "", Stage = ModelLoadStage.Failed, Message = "it is about to be unloaded here, or this silo knows no model of that name" };
            yield break;
        }

        await foreach (var next in run.WatchAsync(cancellationToken))
        {
            yield return next;
        }
    }

    /// <inheritdoc/>
    public async Task<bool> UnloadAsync(string model, CancellationToken cancellationToken)
    {
        Task unloading;
        lock (_lock)
        {
            if (!_unloading.TryGetValue(model, out unloading!))
            {
                if (host.FindHosted(model) is not { } hosted)
                {
                    return false;
                }

                hosted.IsDraining = true;
                _unloading[model] = unloading = Task.Run(() => UnloadAsync(hosted), CancellationToken.None);
            }
        }

        await unloading.WaitAsync(cancellationToken);
        return true;
    }

    /// <summary>The loading of a model: the one that runs, or a new one; null if it cannot be.</summary>
    private ModelLoadRun? Start(ModelPlace model)
    {
        var source = model.Path is { } path ? new ModelSource(model.Name, Path.GetFullPath(path)) : Array.Find([.. Sources()], known => known.Name == model.Name);
        lock (_lock)
        {
            if (_loading.TryGetValue(model.Name, out var running))
            {
                return running;
            }

            if (source.Folder is null || host.FindHosted(model.Name) is not null || !options.Cluster.HostsModels)
            {
                return null;
            }

            var run = new ModelLoadRun(model.Name, Expected(source.Folder));
            _loading.Add(model.Name, run);
            new Thread(() => Load(source, run)) { Name = $"{model.Name} loading", IsBackground = true }.Start();
            return run;
        }
    }

    private void Load(ModelSource source, ModelLoadRun run)
    {
        try
        {
            var hosted = loader.Load(source, Console.Out, isTerminal: false, run);
            lock (_lock)
            {
                host.Add(hosted);
                _loading.Remove(source.Name);
            }

            LogLoaded(source.Name);
            AnnounceAsync(source.Name).GetAwaiter().GetResult();        // a thread of ours: it may wait
            run.End(ModelLoadStage.Ready, $"{hosted.Descriptor.Architecture}, context {hosted.Descriptor.MaxContext}, {hosted.Bytes} bytes");
        }
        catch (Exception exception)
        {
            lock (_lock)
            {
                _loading.Remove(source.Name);
            }

            // Whatever it was, it must not end the process: the other models serve on.
            LogFailed(exception, source.Name, exception.Message);
            run.End(ModelLoadStage.Failed, exception.Message);
        }
    }

    private async Task UnloadAsync(HostedModel hosted)
    {
        var name = hosted.Descriptor.Name;
        try
        {
            await AnnounceAsync(name);
            if (options.Cluster.IsCluster)
            {
                await Task.Delay(drain.Value.Settle, clock);            // routers hear of it before the engine refuses
            }

            await hosted.Engine.StopAsync();
            if (!hosted.Engine.Stopped.IsCompleted)
            {
                // A device hangs and its thread may wake up: its memory must stay. The silo is not healthy, and its supervisor ends it.
                LogHangs(name);
                return;
            }

            host.Remove(hosted);
            await AnnounceAsync(name);
            await hosted.DisposeAsync();
            LogUnloaded(name);
        }
        finally
        {
            lock (_lock)
            {
                _unloading.Remove(name);
            }
        }
    }

    private async Task AnnounceAsync(string model)
    {
        try
        {
            await announcer.AnnounceAsync();
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            LogNotAnnounced(exception, model);
        }
    }

    private LoadedReplica Describe(HostedModel hosted) => new()
    {
        Model = hosted.Descriptor.Name,
        State = hosted.IsDraining ? LoadedState.Unloading : hosted.Engine.IsHealthy ? LoadedState.Ready : LoadedState.Failed,
        Bytes = hosted.Bytes,
        Idle = Later(clock.GetUtcNow() - hosted.Engine.LastStepAt),
        Load = hosted.Engine.Load,
    };

    private static TimeSpan Later(TimeSpan span) => span < TimeSpan.Zero ? TimeSpan.Zero : span;

    /// <summary>What silos may be asked to load by name: what they were started with, then what lies in the models' folder.</summary>
    private IEnumerable<ModelSource> Sources() =>
        options.Cluster.HostsModels ? _configured.Concat(ModelFiles.In(options.ModelsFolder)).DistinctBy(source => source.Name) : [];

    private long Expected(string path) => ModelFiles.Bytes(path) + (options.Engine.KvMemoryBytes ?? 0);
}
