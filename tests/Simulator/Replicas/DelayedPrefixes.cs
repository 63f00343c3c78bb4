using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Prefixes;
using XLLM.Silo.KvCache;

namespace XLLM.Simulator.Replicas;

/// <summary>Which replica holds which block, fed by their KV events, which arrive late by a fixed time.</summary>
/// <param name="replicas">Number of replicas.</param>
/// <param name="delay">Seconds from an event to its arrival.</param>
internal sealed class DelayedPrefixes(int replicas, double delay) : IPrefixView
{
    private readonly int _words = (replicas + 63) / 64;
    private readonly Dictionary<PrefixHash, ulong[]> _holders = [];
    private readonly Queue<(double Time, int Replica, PrefixHash Hash, bool Stored)> _late = new();
    private readonly ulong[] _still = new ulong[(replicas + 63) / 64];          // holders of all blocks so far

    /// <summary>Time; only grows.</summary>
    public double Now { get; set; }

    /// <summary>What a replica tells its events.</summary>
    public IKvEvents EventsOf(int replica) => new Events(this, replica);

    /// <inheritdoc/>
    /// <remarks>The replicas are all of them, in order of their numbers.</remarks>
    public void Find(ReadOnlySpan<PrefixHash> prefix, ReadOnlySpan<ReplicaKey> keys, Span<PrefixHolding> holdings)
    {
        while (_late.TryPeek(out var late) && late.Time <= Now)
        {
            Take(_late.Dequeue());
        }

        holdings.Clear();
        Array.Fill(_still, ulong.MaxValue);          // no holder has bits beyond the replicas
        for (var i = 0; i < prefix.Length && _holders.TryGetValue(prefix[i], out var holders); i++)
        {
            var any = 0UL;
            for (var word = 0; word < _words; word++)
            {
                _still[word] &= holders[word];
                any |= _still[word];
                for (var left = _still[word]; left != 0; left &= left - 1)
                {
                    holdings[(word * 64) + System.Numerics.BitOperations.TrailingZeroCount(left)] = new PrefixHolding(i + 1, i + 1);
                }
            }

            if (any == 0)
            {
                return;
            }
        }
    }

    private void Take((double Time, int Replica, PrefixHash Hash, bool Stored) late)
    {
        var bit = 1UL << (late.Replica % 64);
        if (!_holders.TryGetValue(late.Hash, out var holders))
        {
            _holders.Add(late.Hash, holders = new ulong[_words]);
        }

        if (late.Stored)
        {
            holders[late.Replica / 64] |= bit;
            return;
        }

        holders[late.Replica / 64] &= ~bit;
        if (!holders.AsSpan().ContainsAnyExcept(0UL))
        {
            _holders.Remove(late.Hash);
        }
    }

    private sealed class Events(DelayedPrefixes index, int replica) : IKvEvents
    {
        public void Stored(PrefixHash hash, int group, KvBlockId block) => index._late.Enqueue((index.Now + index.Delay, replica, hash, true));

        public void Removed(PrefixHash hash, int group, KvBlockId block) => index._late.Enqueue((index.Now + index.Delay, replica, hash, false));
    }

    private double Delay => delay;
}
