using Orleans.Runtime;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Prefixes;

/// <summary>What one replica holds, and how far each silo has been told: which batch comes next, and what an answer means. Pure; not thread-safe.</summary>
/// <remarks>
/// A silo's answer says how far its table is, so lost calls, lost answers, tables that began anew and calls that come late and out of turn are one case.
/// A table that differs while nothing changes is found by <see cref="Next"/> with confirmation: an empty batch, whose answer says the same.
/// </remarks>
/// <param name="key">The replica.</param>
/// <param name="kept">Changes kept for silos that are behind.</param>
/// <param name="perBatch">Most changes of a batch.</param>
/// <param name="after">See <see cref="PrefixLog"/>.</param>
internal sealed class PrefixPublication(ReplicaKey key, int kept, int perBatch, long after = 0)
{
    private readonly PrefixLog _log = new(kept, after);
    private readonly Dictionary<SiloAddress, Progress> _told = [];

    /// <summary>Number of the last change.</summary>
    public long Last => _log.Last;

    /// <summary>The replica serves no more: silos are told that, and nothing else.</summary>
    public bool IsGone { get; set; }

    /// <summary>Whether every silo that was told anything knows that it is gone.</summary>
    public bool IsForgotten => IsGone && _told.Values.All(told => told.IsGone);

    /// <summary>Takes changes in.</summary>
    public void Append(PrefixChanges changes) => _log.Append(changes);

    /// <summary>Whoever was told of an earlier life of this replica is told everything.</summary>
    public void TellAnew(PrefixPublication earlier)
    {
        foreach (var silo in earlier._told.Keys)
        {
            _told[silo] = new Progress { Last = -1 };
        }
    }

    /// <summary>A silo is gone.</summary>
    public void Forget(SiloAddress silo) => _told.Remove(silo);

    /// <summary>The next batch for a silo; null if it knows all.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="endpoint">Where the replica lends its blocks; null: nowhere.</param>
    /// <param name="confirms">Whether a silo that knows all is asked if it does.</param>
    public PrefixBatch? Next(SiloAddress silo, string? endpoint, bool confirms)
    {
        if (!_told.TryGetValue(silo, out var told))
        {
            _told[silo] = told = new Progress();
        }

        if (IsGone)
        {
            return told.IsGone ? null : Batch([]) with { IsGone = true };
        }

        if (told.Parts is { } parts)
        {
            return Batch(parts[told.Part]) with { Number = told.PartsNumber, Part = told.Part + 1, Parts = parts.Count };
        }

        if (told.Last == _log.Last)
        {
            return confirms && told.Last > 0 ? Batch([]) with { Number = told.Last + 1 } : null;
        }

        return _log.After(told.Last, perBatch) is { } changes ? Batch(changes) with { Number = told.Last + 1 } : Everything();

        PrefixBatch Everything()
        {
            told.Parts = [.. _log.All().Chunk(perBatch).DefaultIfEmpty([])];
            (told.PartsNumber, told.Part) = (_log.Last, 0);
            return Batch(told.Parts[0]) with { Number = told.PartsNumber, Part = 1, Parts = told.Parts.Count };
        }

        PrefixBatch Batch(PrefixChange[] changes) => new()
        {
            Source = key,
            PeerEndpoint = endpoint,
            Hashes = Array.ConvertAll(changes, change => change.Hash),
            Tiers = Array.ConvertAll(changes, change => (byte)change.Tiers),
            Number = 0,
        };
    }

    /// <summary>A silo has answered.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="batch">The last one that <see cref="Next"/> gave for it.</param>
    /// <param name="answer">See <see cref="IPrefixTableGrain.ApplyAsync"/>.</param>
    public void Answered(SiloAddress silo, PrefixBatch batch, long answer)
    {
        if (!_told.TryGetValue(silo, out var told))
        {
            return;         // it was called dead meanwhile
        }

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

    private sealed class Progress
    {
        public long Last { get; set; }

        public List<PrefixChange[]>? Parts { get; set; }

        public long PartsNumber { get; set; }

        public int Part { get; set; }

        public bool IsGone { get; set; }
    }
}
