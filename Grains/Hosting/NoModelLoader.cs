using System.Runtime.CompilerServices;
using XLLM.Grains.Interfaces.Administration;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Hosting;

/// <summary>The port of a silo whose models are given once and for all, or that has none.</summary>
internal sealed class NoModelLoader(IModelHost host) : IModelLoader
{
    /// <inheritdoc/>
    public IReadOnlyList<KnownModel> Known => [];

    /// <inheritdoc/>
    public IReadOnlyList<LoadedReplica> Replicas => [.. host.Models.Select(model => new LoadedReplica { Model = model.Descriptor.Name, State = LoadedState.Ready, Load = model.Engine.Load })];

    /// <inheritdoc/>
    public long? MemoryBudgetBytes => null;

    /// <inheritdoc/>
    public async IAsyncEnumerable<ModelLoadEvent> LoadAsync(ModelPlace model, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        yield return new ModelLoadEvent { Model = model.Name, Silo = "", Stage = ModelLoadStage.Failed, Message = "this silo loads no models" };
    }

    /// <inheritdoc/>
    public Task<bool> UnloadAsync(string model, CancellationToken cancellationToken) => Task.FromResult(false);
}
