using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Prefixes;

/// <summary>Takes batches of many sources into one index, notices gaps, and knows where sources lend their blocks. Pure; not thread-safe.</summary>
internal sealed class PrefixSources(int mostHashes)
{
    private readonly Dictionary<ReplicaKey, Source> _sources = [];

    /// <summary>What they hold.</summary>
    public PrefixIndex Index { get; } = new(mostHashes);

    /// <summary>Batches that came with a number missing before them.</summary>
    public long Gaps { get; private set; }

    /// <summary>Sources known.</summary>
    public IReadOnlyCollection<ReplicaKey> Keys => _sources.Keys;

    /// <summary>Where a source lends its blocks; null: nowhere.</summary>
    public string? PeerEndpoint(ReplicaKey source) => _sources.TryGetValue(source, out var known) ? known.PeerEndpoint : null;

    /// <summary>Takes a batch in. See <see cref="IPrefixTableGrain.ApplyAsync"/>.</summary>
    public long Apply(PrefixBatch batch)
    {
        if (batch.IsGone)
        {
            Forget(batch.Source);
            return batch.Number;
        }

        if (!_sources.TryGetValue(batch.Source, out var source))
        {
            _sources.Add(batch.Source, source = new Source());
        }

        source.PeerEndpoint = batch.PeerEndpoint;
        return batch.Part > 0 ? ApplyPart(batch, source) : ApplyChanges(batch, source);
    }

    /// <summary>Forgets a source and all that it held.</summary>
    public void Forget(ReplicaKey source)
    {
        _sources.Remove(source);
        Index.Purge(source);
    }

    private long ApplyChanges(PrefixBatch batch, Source source)
    {
        if (batch.Number > source.Last + 1)
        {
            Gaps++;
            return source.Last;
        }

        // Changes that are known already come again after an answer was lost; telling a state twice changes nothing, telling an old one would.
        for (var i = (int)Math.Min(batch.Hashes.Length, source.Last + 1 - batch.Number); i < batch.Hashes.Length; i++)
        {
            Index.Set(batch.Source, batch.Hashes[i], (PrefixTiers)batch.Tiers[i]);
        }

        source.Last = Math.Max(source.Last, batch.Number + batch.Hashes.Length - 1);
        return source.Last;
    }

    private long ApplyPart(PrefixBatch batch, Source source)
    {
        if (batch.Part == 1)
        {
            Index.Purge(batch.Source);
            (source.Last, source.PartNumber, source.Part) = (0, batch.Number, 0);
        }
        else if (batch.Number != source.PartNumber || batch.Part != source.Part + 1)
        {
            Gaps++;
            return 0;
        }

        for (var i = 0; i < batch.Hashes.Length; i++)
        {
            Index.Set(batch.Source, batch.Hashes[i], (PrefixTiers)batch.Tiers[i]);
        }

        source.Part = batch.Part;
        if (batch.Part == batch.Parts)
        {
            source.Last = batch.Number;
        }

        return batch.Number;
    }

    private sealed class Source
    {
        public long Last { get; set; }

        public long PartNumber { get; set; }

        public int Part { get; set; }

        public string? PeerEndpoint { get; set; }
    }
}
