using XLLM.Grains.Catalog;

namespace XLLM.Silo.Hosting;

/// <summary>Drains before anything else stops, while the gateway still listens: routers hear that this silo takes nothing new, and running streams reach their end.</summary>
internal sealed class EngineLifecycle(ModelHost models, IReplicaAnnouncer announcer) : IHostedLifecycleService
{
    /// <inheritdoc/>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await announcer.DrainAsync(cancellationToken);
        await models.DrainAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
