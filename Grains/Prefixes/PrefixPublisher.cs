using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Prefixes;

/// <summary>Tells every silo, again and again, what this silo's replicas hold now.</summary>
/// <remarks>
/// Each silo's answer says how far it is, so a lost call, a silo that joined, and a table that began anew are one case: the next call goes on from there,
/// or tells everything where too much is missing. One call at a time per silo; silos do not wait for each other.
/// </remarks>
internal sealed partial class PrefixPublisher(
    IModelHost host, PrefixTable table, IGrainFactory grains, ISiloStatusOracle silos, ILocalSiloDetails local,
    IOptions<PrefixOptions> options, TimeProvider clock, ILogger<PrefixPublisher> logger) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>Rounds after which silos that know all are asked if they do: 5 s by default, an empty call per silo and replica.</summary>
    private const int RoundsPerConfirmation = 100;

    private readonly CancellationTokenSource _stopping = new();
    private readonly Dictionary<ReplicaKey, (IPrefixSource Source, PrefixPublication Publication)> _publications = [];
    private readonly Dictionary<SiloAddress, Task> _calls = [];
    private Task _publishing = Task.CompletedTask;
    private long _lastOfEarlier;                    // number of the last change of all publications that ended

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle observer)
    {
        if (options.Value.IsEnabled)
        {
            observer.Subscribe(nameof(PrefixPublisher), ServiceLifecycleStage.Active, StartAsync, StopAsync);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private Task StartAsync(CancellationToken cancellationToken)
    {
        _publishing = PublishAsync();
        return Task.CompletedTask;
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _publishing;
    }

    private async Task PublishAsync()
    {
        using var timer = new PeriodicTimer(options.Value.Period, clock);
        try
        {
            for (var round = 1; await timer.WaitForNextTickAsync(_stopping.Token); round++)
            {
                var confirms = round % RoundsPerConfirmation == 0;
                TakeChanges();
                foreach (var silo in silos.GetApproximateSiloStatuses(onlyActive: true).Keys)
                {
                    // A silo that is slow to answer is told the rest later; the others do not wait for it.
                    if (!_calls.TryGetValue(silo, out var call) || call.IsCompleted)
                    {
                        _calls[silo] = silo.Equals(local.SiloAddress) ? TellHere() : TellAsync(silo, confirms);
                    }
                }

                Forget();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The silo stops; the membership tells the others.
        }
        catch (Exception exception)
        {
            LogBroken(exception);       // routing goes on without knowing what is cached here
        }
    }

    private void TakeChanges()
    {
        var address = local.SiloAddress.ToParsableString();
        foreach (var model in host.Models)
        {
            if (model.Prefixes is { } source)
            {
                var key = new ReplicaKey(model.Descriptor.Name, address);
                if (!_publications.TryGetValue(key, out var known) || known.Source != source)
                {
                    _publications[key] = known = (source, Publish(key, known.Publication));
                }

                lock (known.Publication)
                {
                    known.Publication.Append(source.Take());
                }
            }
        }

        foreach (var (source, publication) in _publications.Values)
        {
            lock (publication)
            {
                publication.IsGone = !host.Models.Any(model => model.Prefixes == source);
            }
        }
    }

    /// <summary>A publication that begins now. Its changes are counted on from all that ended, so that a call of theirs that comes late is known to be old.</summary>
    private PrefixPublication Publish(ReplicaKey key, PrefixPublication? earlier)
    {
        NoteEnd(earlier);
        var publication = new PrefixPublication(key, options.Value.KeptChanges, options.Value.ChangesPerCall, after: _lastOfEarlier + 1);
        if (earlier is not null)
        {
            lock (earlier)
            {
                publication.TellAnew(earlier);
            }
        }

        return publication;
    }

    private void NoteEnd(PrefixPublication? publication)
    {
        if (publication is not null)
        {
            lock (publication)
            {
                _lastOfEarlier = Math.Max(_lastOfEarlier, publication.Last);
            }
        }
    }

    private Task TellHere()
    {
        foreach (var (source, publication) in _publications.Values)
        {
            while (Next(source, publication, local.SiloAddress, confirms: false) is { } batch)
            {
                Answered(publication, local.SiloAddress, batch, table.Apply(batch));
            }
        }

        return Task.CompletedTask;
    }

    private async Task TellAsync(SiloAddress silo, bool confirms)
    {
        var grain = grains.GetGrain<IPrefixTableGrain>($"{silo.ToParsableString()}/prefixes");
        try
        {
            foreach (var (source, publication) in _publications.Values.ToArray())
            {
                var asks = confirms;
                while (!_stopping.IsCancellationRequested && Next(source, publication, silo, asks) is { } batch)
                {
                    asks = asks && batch.Hashes.Length > 0;         // once
                    Answered(publication, silo, batch, await grain.ApplyAsync(batch));
                }
            }
        }
        catch (Exception exception) when (ReplicaLoss.Is(exception))
        {
            LogNotTold(exception, silo);        // the next round goes on from what was answered last
        }
    }

    private static PrefixBatch? Next(IPrefixSource source, PrefixPublication publication, SiloAddress silo, bool confirms)
    {
        lock (publication)
        {
            return publication.Next(silo, source.PeerEndpoint, confirms);
        }
    }

    private static void Answered(PrefixPublication publication, SiloAddress silo, PrefixBatch batch, long answer)
    {
        lock (publication)
        {
            publication.Answered(silo, batch, answer);
        }
    }

    /// <summary>Forgets silos that are gone, and replicas that everybody knows to be.</summary>
    private void Forget()
    {
        foreach (var silo in _calls.Keys.Where(silo => silos.IsDeadSilo(silo)).ToArray())
        {
            _calls.Remove(silo);
            foreach (var (_, publication) in _publications.Values)
            {
                lock (publication)
                {
                    publication.Forget(silo);
                }
            }
        }

        foreach (var (key, (_, publication)) in _publications.ToArray())
        {
            lock (publication)
            {
                if (publication.IsForgotten)
                {
                    NoteEnd(publication);
                    _publications.Remove(key);
                }
            }
        }
    }

    [LoggerMessage(2080, LogLevel.Debug, "Silo {Silo} was not told which prefixes are held here; the next round tries again")]
    private partial void LogNotTold(Exception exception, SiloAddress silo);

    [LoggerMessage(2081, LogLevel.Error, "Prefixes are not published any more")]
    private partial void LogBroken(Exception exception);
}
