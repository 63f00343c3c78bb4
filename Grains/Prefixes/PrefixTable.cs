using Microsoft.Extensions.Options;
using Orleans.Runtime;
using XLLM.Grains.Diagnostics;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Prefixes;

/// <summary>This silo's prefix table: what every replica of the cluster holds, as far as it has been told. One per silo; thread-safe.</summary>
/// <remarks>A silo that the membership calls dead loses its rows at once, and what was still on its way from it is refused.</remarks>
internal sealed class PrefixTable : IPrefixView, IKvPeers, ISiloStatusListener, IDisposable
{
    private readonly Lock _gate = new();
    private readonly PrefixSources _sources;
    private readonly ISiloStatusOracle _silos;
    private readonly string _local;

    public PrefixTable(ISiloStatusOracle silos, ILocalSiloDetails local, IOptions<PrefixOptions> options, GrainInstruments instruments)
    {
        (_silos, _local) = (silos, local.SiloAddress.ToParsableString());
        _sources = new PrefixSources(options.Value.MostHashes);
        silos.SubscribeToSiloStatusEvents(this);
        instruments.ObservePrefixes(() => Counts);
    }

    /// <summary>Hashes known, hashes refused, gaps noticed.</summary>
    public (int Hashes, long Refused, long Gaps) Counts
    {
        get
        {
            lock (_gate)
            {
                return (_sources.Index.Count, _sources.Index.Refused, _sources.Gaps);
            }
        }
    }

    /// <inheritdoc/>
    public void Find(ReadOnlySpan<PrefixHash> prefix, ReadOnlySpan<ReplicaKey> replicas, Span<PrefixHolding> holdings)
    {
        lock (_gate)
        {
            _sources.Index.Find(prefix, replicas, holdings);
        }
    }

    /// <inheritdoc/>
    public KvPeer? Find(ReadOnlySpan<PrefixHash> prefix)
    {
        lock (_gate)
        {
            var others = _sources.Keys.Where(source => source.Silo != _local && _sources.PeerEndpoint(source) is not null).ToArray();
            var holdings = new PrefixHolding[others.Length];
            _sources.Index.Find(prefix, others, holdings);
            var best = -1;
            for (var i = 0; i < others.Length; i++)
            {
                best = holdings[i].LoadableBlocks > (best < 0 ? 0 : holdings[best].LoadableBlocks) ? i : best;
            }

            return best < 0 ? null : new KvPeer(_sources.PeerEndpoint(others[best])!, holdings[best].LoadableBlocks);
        }
    }

    /// <inheritdoc/>
    public KvPeer? Find(ReadOnlySpan<PrefixHash> prefix, ReplicaKey replica)
    {
        lock (_gate)
        {
            if (replica.Silo == _local || _sources.PeerEndpoint(replica) is not { } endpoint)
            {
                return null;
            }

            var holding = new PrefixHolding[1];
            _sources.Index.Find(prefix, [replica], holding);
            return new KvPeer(endpoint, holding[0].LoadableBlocks);
        }
    }

    /// <inheritdoc/>
    public bool Lends(ReplicaKey replica)
    {
        lock (_gate)
        {
            return _sources.PeerEndpoint(replica) is not null;
        }
    }

    /// <summary>Takes a batch in. See <see cref="IPrefixTableGrain.ApplyAsync"/>.</summary>
    public long Apply(PrefixBatch batch)
    {
        if (_silos.IsDeadSilo(SiloAddress.FromParsableString(batch.Source.Silo)))
        {
            return batch.Number + batch.Hashes.Length - 1;
        }

        lock (_gate)
        {
            return _sources.Apply(batch);
        }
    }

    /// <inheritdoc/>
    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (status != SiloStatus.Dead)
        {
            return;
        }

        var silo = updatedSilo.ToParsableString();
        lock (_gate)
        {
            foreach (var source in _sources.Keys.Where(source => source.Silo == silo).ToArray())
            {
                _sources.Forget(source);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _silos.UnSubscribeFromSiloStatusEvents(this);
}
