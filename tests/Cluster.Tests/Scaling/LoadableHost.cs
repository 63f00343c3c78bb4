using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using XLLM.Grains.Catalog;
using XLLM.Grains.Interfaces.Administration;
using XLLM.Grains.Ports;
using XLLM.Grains.Tests.Fakes;

namespace XLLM.Cluster.Tests.Scaling;

/// <summary>A silo's models that come and go, behind both ports; loading waits where a test says so, and idle time is what a test says.</summary>
internal sealed class LoadableHost(Func<IReplicaAnnouncer> announcer, params KnownModel[] known) : IModelHost, IModelLoader
{
    private readonly ConcurrentDictionary<string, FakeModel> _models = new();
    private readonly ConcurrentDictionary<string, bool> _loading = new();

    public IReadOnlyList<IHostedModel> Models => [.. _models.Values];

    public IReadOnlyList<KnownModel> Known => known;

    public long? MemoryBudgetBytes { get; set; }

    /// <summary>If set, loading a model fails with this.</summary>
    public string? Fault { get; set; }

    /// <summary>Time since the models last computed.</summary>
    public TimeSpan Idle { get; set; }

    /// <summary>Loads that were begun.</summary>
    public ConcurrentQueue<string> Loads { get; } = new();

    public IReadOnlyList<LoadedReplica> Replicas =>
    [
        .. _models.Values.Select(model => new LoadedReplica
        {
            Model = model.Descriptor.Name, State = LoadedState.Ready, Bytes = Bytes(model.Descriptor.Name), Idle = model.Running > 0 ? TimeSpan.Zero : Idle, Load = model.Load,
        }),
        .. _loading.Keys.Select(model => new LoadedReplica { Model = model, State = LoadedState.Loading, Bytes = Bytes(model) }),
    ];

    public IHostedModel? Find(string model) => _models.GetValueOrDefault(model);

    public FakeModel Model(string name) => _models[name];

    public async IAsyncEnumerable<ModelLoadEvent> LoadAsync(ModelPlace model, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Loads.Enqueue(model.Name);
        _loading[model.Name] = true;
        yield return new ModelLoadEvent { Model = model.Name, Silo = "", Stage = ModelLoadStage.Loading, Bytes = 1, TotalBytes = 2 };
        await Task.Yield();
        if (Fault is { } fault)
        {
            _loading.TryRemove(model.Name, out _);
            yield return new ModelLoadEvent { Model = model.Name, Silo = "", Stage = ModelLoadStage.Failed, Message = fault };
            yield break;
        }

        _models[model.Name] = new FakeModel(model.Name);
        _loading.TryRemove(model.Name, out _);
        await announcer().AnnounceAsync(cancellationToken);
        yield return new ModelLoadEvent { Model = model.Name, Silo = "", Stage = ModelLoadStage.Ready };
    }

    public async Task<bool> UnloadAsync(string model, CancellationToken cancellationToken)
    {
        var removed = _models.TryRemove(model, out _);
        await announcer().AnnounceAsync(cancellationToken);
        return removed;
    }

    /// <summary>The model goes at once, and nobody hears of it before the next heartbeat.</summary>
    public void Evict(string model) => Assert.True(_models.TryRemove(model, out _));

    private long Bytes(string model) => known.FirstOrDefault(one => one.Name == model)?.Bytes ?? 0;
}
