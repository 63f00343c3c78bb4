using XLLM.Grains.Administration;

namespace XLLM.Silo.Hosting;

/// <summary>Drains before anything else stops, while the gateway still listens: routers hear that this silo takes nothing new, and running streams reach their end.</summary>
internal sealed class EngineLifecycle(ModelHost models, ISiloDrain drain, SiloOptions options) : IHostedLifecycleService
{
    /// <inheritdoc/>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await drain.DrainAsync(options.Engine.DrainTimeout, cancellationToken);
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
