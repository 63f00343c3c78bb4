using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Ports;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Engine;
using XLLM.Silo.Execution;

namespace XLLM.Silo.Hosting;

/// <summary>A loaded model with everything that runs it. Disposing it stops the engine, then gives tiers, pool, weights and backend back.</summary>
internal sealed class HostedModel(ModelDescriptor descriptor, InferenceEngine engine, IPromptEncoder prompts, KvPool pool, IBackend backend, HostedTiers tiers) : IHostedModel, IAsyncDisposable
{
    /// <inheritdoc/>
    public ModelDescriptor Descriptor => descriptor;

    /// <inheritdoc/>
    public IPromptEncoder Prompts => prompts;

    /// <inheritdoc/>
    public bool IsDraining { get; set; }

    /// <summary>Bytes of weights and KV pool.</summary>
    public long Bytes { get; init; }

    /// <summary>The engine, to stop it and to ask for its health.</summary>
    public InferenceEngine Engine => engine;

    /// <inheritdoc/>
    IInferenceEngine IHostedModel.Engine => engine;

    /// <inheritdoc/>
    public IPrefixSource? Prefixes => tiers.Feed;

    /// <inheritdoc/>
    public IKvTiers? Tiers => tiers.Tiers;

    /// <summary>Takes no more requests, lets the running ones finish within the engine's bound, and stores the KV blocks that wait for it while grains still answer.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        await engine.StopAsync(cancellationToken);
        await tiers.CloseAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        await tiers.CloseAsync();
        pool.Dispose();
        backend.Dispose();
    }
}
