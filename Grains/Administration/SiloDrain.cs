using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using XLLM.Grains.Catalog;
using XLLM.Grains.Interfaces.Administration;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Placement;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Administration;

/// <summary>Empties this silo in the order that loses nothing: routers and placement hear of it, then what runs ends, then conversations move.</summary>
/// <remarks>
/// Orleans itself deactivates when a silo stops, it does not migrate, and a stream out of a grain breaks when its grain goes: so a conversation moves only between its turns.
/// The others are told again and again while this silo drains, since one that joins meanwhile must hear of it too.
/// </remarks>
internal sealed partial class SiloDrain(
    IModelHost host, IReplicaAnnouncer announcer, DrainingSilos silos, MovableGrains movable, IGrainFactory grains, ILocalSiloDetails local,
    ISiloStatusOracle oracle, IOptions<DrainOptions> options, TimeProvider clock, ILogger<SiloDrain> logger) : ISiloDrain, IDisposable
{
    /// <summary>Time between two looks at what still runs, and between two rounds of moves.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>Time between two rounds of telling the others. A silo takes longer to start.</summary>
    private static readonly TimeSpan Tell = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private CancellationTokenSource? _telling;      // while it drains
    private Task? _draining;
    private volatile SiloState _state;

    /// <inheritdoc/>
    public SiloState State => _state;

    /// <inheritdoc/>
    public Task DrainAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (_draining is not null && (_state == SiloState.Drained || !_draining.IsCompleted))
            {
                return _draining.WaitAsync(cancellationToken);
            }

            _state = SiloState.Draining;
            silos.Note(local.SiloAddress, true);
            if (_telling is null)
            {
                _telling = new CancellationTokenSource();
                _ = TellAsync(_telling.Token);
            }

            return _draining = RunAsync(timeout ?? options.Value.Timeout, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task UndrainAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            _telling?.Cancel();
            _telling = null;
            _draining = null;
            _state = SiloState.Active;
            silos.Note(local.SiloAddress, false);
        }

        await announcer.UndrainAsync(cancellationToken);
        await TellOthersAsync(draining: false);
    }

    /// <inheritdoc/>
    public void Dispose() => _telling?.Cancel();

    private int Running => host.Models.Sum(model => model.Engine.Load is var load ? load.RunningSequences + load.WaitingSequences : 0);

    private async Task RunAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        LogDraining(Running, movable.Count);
        await TellOthersAsync(draining: true);
        await announcer.DrainAsync(cancellationToken);
        var alone = Others().Length == 0;
        if (!alone)
        {
            await Task.Delay(options.Value.Settle, clock, cancellationToken);
        }

        while (Running > 0 || (movable.Count > 0 && !alone))
        {
            if (_state == SiloState.Active)
            {
                return;                             // undrained meanwhile
            }

            if (clock.GetElapsedTime(started) >= timeout)
            {
                LogNotDrained(clock.GetElapsedTime(started), Running, movable.Count);
                return;
            }

            if (!alone)
            {
                await movable.MoveAsync();
                alone = Others().Length == 0;
            }

            await Task.Delay(Look, clock, cancellationToken);
        }

        lock (_lock)
        {
            if (_state == SiloState.Draining)
            {
                _state = SiloState.Drained;
            }
        }

        LogDrained(clock.GetElapsedTime(started));
    }

    private async Task TellAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Tell, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                await TellOthersAsync(draining: true);
            }
        }
        catch (OperationCanceledException)
        {
            // It drains no longer.
        }
    }

    private Task TellOthersAsync(bool draining) => Task.WhenAll(Others().Select(other => TellAsync(other, draining)));

    private async Task TellAsync(SiloAddress other, bool draining)
    {
        try
        {
            await grains.GetGrain<ISiloGrain>(SiloGrainKey.Of(other.ToParsableString())).NoteDrainingAsync(local.SiloAddress.ToParsableString(), draining);
        }
        catch (Exception exception) when (ReplicaLoss.Is(exception))
        {
            LogNotTold(exception, other.ToParsableString());        // it goes, or hears the next round
        }
    }

    private SiloAddress[] Others() =>
        [.. oracle.GetApproximateSiloStatuses(onlyActive: true).Keys.Where(silo => !silo.Equals(local.SiloAddress))];
}
