using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Grains.Scaling;

/// <summary>Keeps the deployment grain awake, from every silo: it drives by itself, but after a restart of the cluster, or the death of its silo, somebody must ask for it first.</summary>
internal sealed partial class DeploymentWaker(IGrainFactory grains, IOptions<LifecycleOptions> options, TimeProvider clock, ILogger<DeploymentWaker> logger)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>Looks that may pass until a lost grain is back. Waking is a call to a grain that is awake as a rule.</summary>
    private const int Looks = 2;

    private readonly CancellationTokenSource _stopping = new();
    private Task _waking = Task.CompletedTask;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle observer) => observer.Subscribe(nameof(DeploymentWaker), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private Task StartAsync(CancellationToken cancellationToken)
    {
        _waking = WakeAsync();
        return Task.CompletedTask;
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _waking;
    }

    private async Task WakeAsync()
    {
        using var timer = new PeriodicTimer(options.Value.ReconcilePeriod * Looks, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                try
                {
                    await grains.GetGrain<IDeploymentGrain>(0).WakeAsync().WaitAsync(_stopping.Token);
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    LogAsleep(exception);           // the next time tries again
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    [LoggerMessage(2060, LogLevel.Debug, "The deployment grain does not wake")]
    private partial void LogAsleep(Exception exception);
}
