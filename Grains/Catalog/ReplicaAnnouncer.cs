using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Catalog;

/// <summary>Tells the catalog, again and again, which models this silo serves; takes them back when the silo stops.</summary>
/// <remarks>The first announcement is made before the silo counts as started, so a host that has started can be asked.</remarks>
internal sealed partial class ReplicaAnnouncer(
    IModelHost host, IGrainFactory grains, ILocalSiloDetails silo, IOptions<CatalogOptions> options, TimeProvider clock, ILogger<ReplicaAnnouncer> logger)
    : IReplicaAnnouncer, ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly HashSet<ReplicaKey> _announced = [];
    private readonly SemaphoreSlim _gate = new(1, 1);
    private Task _beating = Task.CompletedTask;
    private long _beat;
    private bool _lost;
    private volatile bool _draining;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle observer) => observer.Subscribe(nameof(ReplicaAnnouncer), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    /// <inheritdoc/>
    public async Task AnnounceAsync(CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var catalog = grains.GetGrain<IModelCatalogGrain>(0);
            var served = host.Models.Select(model => KeyOf(model.Descriptor)).ToHashSet();
            foreach (var gone in _announced.Except(served).ToArray())
            {
                await catalog.WithdrawAsync(gone);
                _announced.Remove(gone);
            }

            var beat = ++_beat;
            var replicas = host.Models
                .Select(model => new ReplicaAnnouncement(
                    KeyOf(model.Descriptor), model.Descriptor, ReplicaRole.Mixed, _draining || model.IsDraining ? ReplicaState.Draining : ReplicaState.Ready, model.Engine.Load, beat))
                .ToArray();
            await catalog.AnnounceAsync(silo.SiloAddress.ToParsableString(), replicas);
            _announced.UnionWith(replicas.Select(replica => replica.Replica));
            if (_lost)
            {
                _lost = false;
                LogCatalogBack();
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public Task DrainAsync(CancellationToken cancellationToken = default)
    {
        _draining = true;
        return AnnounceAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task UndrainAsync(CancellationToken cancellationToken = default)
    {
        _draining = false;
        return AnnounceAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Dispose();
        _gate.Dispose();
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        await TryAnnounceAsync(cancellationToken);
        _beating = BeatAsync();
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(options.Value.HeartbeatPeriod, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                await TryAnnounceAsync(_stopping.Token);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _beating;
        try
        {
            var catalog = grains.GetGrain<IModelCatalogGrain>(0);
            foreach (var replica in _announced)
            {
                await catalog.WithdrawAsync(replica).WaitAsync(cancellationToken);
            }
        }
        catch (Exception exception) when (ReplicaLoss.Is(exception) || exception is OperationCanceledException)
        {
            LogCatalogLost(exception);              // the membership tells the others that this silo is gone
        }
    }

    private async Task TryAnnounceAsync(CancellationToken cancellationToken)
    {
        try
        {
            await AnnounceAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // The next beat tries again, whatever it was: a replica that falls silent for one bad call would be worse.
            if (!_lost)
            {
                _lost = true;
                LogCatalogLost(exception);
            }
        }
    }

    private ReplicaKey KeyOf(ModelDescriptor model) => new(model.Name, silo.SiloAddress.ToParsableString());
}
