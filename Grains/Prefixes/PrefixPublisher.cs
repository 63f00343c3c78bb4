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
    private readonly CancellationTokenSource _stopping = new();
    private readonly Dictionary<ReplicaKey, Publication> _publications = [];
    private readonly Dictionary<SiloAddress, Task> _calls = [];
    private Task _publishing = Task.CompletedTask;

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
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                TakeChanges();
                foreach (var silo in silos.GetApproximateSiloStatuses(onlyActive: true).Keys)
                {
                    // A silo that is slow to answer is told the rest later; the others do not wait for it.
                    if (!_calls.TryGetValue(silo, out var call) || call.IsCompleted)
                    {
                        _calls[silo] = silo.Equals(local.SiloAddress) ? TellHere() : TellAsync(silo);
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
                if (!_publications.TryGetValue(key, out var publication) || publication.Source != source)
                {
                    _publications[key] = publication = new Publication(source, new PrefixLog(options.Value.KeptChanges), publication?.Told);
                }

                publication.Log.Append(source.Take());
            }
        }

        foreach (var (key, publication) in _publications)
        {
            publication.IsGone = !host.Models.Any(model => model.Prefixes == publication.Source);
        }
    }

    private Task TellHere()
    {
        foreach (var (key, publication) in _publications)
        {
            while (NextBatch(key, publication, local.SiloAddress) is { } batch)
            {
                Note(publication, local.SiloAddress, batch, table.Apply(batch));
            }
        }

        return Task.CompletedTask;
    }

    private async Task TellAsync(SiloAddress silo)
    {
        var grain = grains.GetGrain<IPrefixTableGrain>($"{silo.ToParsableString()}/prefixes");
        try
        {
            foreach (var (key, publication) in _publications.ToArray())
            {
                while (!_stopping.IsCancellationRequested && NextBatch(key, publication, silo) is { } batch)
                {
                    Note(publication, silo, batch, await grain.ApplyAsync(batch));
                }
            }
        }
        catch (Exception exception) when (ReplicaLoss.Is(exception))
        {
            LogNotTold(exception, silo);        // the next round goes on from what was answered last
        }
    }

    private PrefixBatch? NextBatch(ReplicaKey key, Publication publication, SiloAddress silo)
    {
        lock (publication)
        {
            if (!publication.Told.TryGetValue(silo, out var told))
            {
                publication.Told[silo] = told = new Progress();
            }

            return publication.IsGone
                ? told.IsGone ? null : Batch([]) with { IsGone = true }
                : told.Parts is { } parts ? Batch(parts[told.Part]) with { Number = told.PartsNumber, Part = told.Part + 1, Parts = parts.Count }
                : told.Last == publication.Log.Last ? null
                : publication.Log.After(told.Last, options.Value.ChangesPerCall) is { } changes ? Batch(changes) with { Number = told.Last + 1 }
                : Everything(told);
        }

        PrefixBatch Everything(Progress told)
        {
            told.Parts = [.. publication.Log.All().Chunk(options.Value.ChangesPerCall).DefaultIfEmpty([])];
            (told.PartsNumber, told.Part) = (publication.Log.Last, 0);
            return Batch(told.Parts[0]) with { Number = told.PartsNumber, Part = 1, Parts = told.Parts.Count };
        }

        PrefixBatch Batch(PrefixChange[] changes) => new()
        {
            Source = key,
            PeerEndpoint = publication.Source.PeerEndpoint,
            Hashes = Array.ConvertAll(changes, change => change.Hash),
            Tiers = Array.ConvertAll(changes, change => (byte)change.Tiers),
            Number = 0,
        };
    }

    private static void Note(Publication publication, SiloAddress silo, PrefixBatch batch, long answer)
    {
        lock (publication)
        {
            var told = publication.Told[silo];
            if (batch.IsGone)
            {
                told.IsGone = true;
            }
            else if (batch.Part == 0)
            {
                told.Last = answer;
            }
            else if (answer != batch.Number)
            {
                (told.Parts, told.Last) = (null, -1);       // a part was lost: everything again
            }
            else if (batch.Part == batch.Parts)
            {
                (told.Parts, told.Last) = (null, batch.Number);
            }
            else
            {
                told.Part = batch.Part;
            }
        }
    }

    /// <summary>Forgets silos that are gone, and replicas that everybody knows to be.</summary>
    private void Forget()
    {
        foreach (var silo in _calls.Keys.Where(silo => silos.IsDeadSilo(silo)).ToArray())
        {
            _calls.Remove(silo);
            foreach (var publication in _publications.Values)
            {
                lock (publication)
                {
                    publication.Told.Remove(silo);
                }
            }
        }

        foreach (var (key, publication) in _publications.ToArray())
        {
            lock (publication)
            {
                if (publication.IsGone && publication.Told.Values.All(told => told.IsGone))
                {
                    _publications.Remove(key);
                }
            }
        }
    }

    [LoggerMessage(2050, LogLevel.Debug, "Silo {Silo} was not told which prefixes are held here; the next round tries again")]
    private partial void LogNotTold(Exception exception, SiloAddress silo);

    [LoggerMessage(2051, LogLevel.Error, "Prefixes are not published any more")]
    private partial void LogBroken(Exception exception);

    private sealed class Publication(IPrefixSource source, PrefixLog log, Dictionary<SiloAddress, Progress>? told)
    {
        public IPrefixSource Source { get; } = source;

        public PrefixLog Log { get; } = log;

        /// <summary>How far each silo is. A log that begins anew tells everybody everything.</summary>
        public Dictionary<SiloAddress, Progress> Told { get; } = told is null ? [] : told.ToDictionary(silo => silo.Key, _ => new Progress { Last = -1 });

        public bool IsGone { get; set; }
    }

    private sealed class Progress
    {
        public long Last { get; set; }

        public List<PrefixChange[]>? Parts { get; set; }

        public long PartsNumber { get; set; }

        public int Part { get; set; }

        public bool IsGone { get; set; }
    }
}
