using System.Numerics;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Prefixes;

/// <summary>Prefix hash → the replicas that hold it. Pure; not thread-safe.</summary>
/// <remarks>
/// A hash table with linear probing in one array: a row is the hash and two bit sets over replicas, device and any tier, so a lookup is one cache line
/// for up to 64 replicas, and a prompt's answer is the intersection of its rows. Removal shifts rows back, so there are no graves.
/// Bounded: what comes when it is full is refused, which costs a hint and nothing else; the heads of chains come before their tails.
/// </remarks>
internal sealed class PrefixIndex
{
    private const int KeyWords = 2;
    private const int BitsPerWord = 64;

    private readonly int _mostRows;
    private readonly Dictionary<ReplicaKey, int> _slots = [];
    private readonly List<ReplicaKey?> _replicas = [];     // by slot; null: free
    private ulong[] _rows;
    private int _capacity;
    private int _words = 1;                                // per bit set

    /// <param name="mostHashes">Most hashes to know, at least 1.</param>
    public PrefixIndex(int mostHashes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(mostHashes, 1);
        _mostRows = mostHashes;
        _capacity = 64;
        _rows = new ulong[_capacity * Stride];
    }

    /// <summary>Hashes known.</summary>
    public int Count { get; private set; }

    /// <summary>Hashes refused because the index was full.</summary>
    public long Refused { get; private set; }

    /// <summary>Replicas that hold something, or have.</summary>
    public int Replicas => _slots.Count;

    private int Stride => KeyWords + (2 * _words);

    /// <summary>Notes where a replica has a prefix now.</summary>
    public void Set(ReplicaKey replica, PrefixHash hash, PrefixTiers tiers)
    {
        if (tiers == PrefixTiers.None)
        {
            if (_slots.TryGetValue(replica, out var known) && TryFind(hash, out var found))
            {
                SetBits(found, known, PrefixTiers.None);
                RemoveIfEmpty(found);
            }

            return;
        }

        var slot = SlotOf(replica);
        if (!TryFind(hash, out var row))
        {
            if (Count >= _mostRows)
            {
                Refused++;
                return;
            }

            row = Insert(hash);
        }

        SetBits(row, slot, tiers);
    }

    /// <summary>Forgets all that a replica holds. Time: O(hashes).</summary>
    public void Purge(ReplicaKey replica)
    {
        if (!_slots.Remove(replica, out var slot))
        {
            return;
        }

        _replicas[slot] = null;
        for (var row = 0; row < _capacity;)
        {
            if (IsUsed(row))
            {
                SetBits(row, slot, PrefixTiers.None);
                if (RemoveIfEmpty(row))
                {
                    continue;       // another row has come to this place
                }
            }

            row++;
        }
    }

    /// <summary>Leading blocks of a prompt that each replica holds.</summary>
    /// <param name="prefix">Hashes of the prompt's full blocks, in order.</param>
    /// <param name="replicas">Whom to answer for.</param>
    /// <param name="holdings">As many; overwritten.</param>
    public void Find(ReadOnlySpan<PrefixHash> prefix, ReadOnlySpan<ReplicaKey> replicas, Span<PrefixHolding> holdings)
    {
        holdings[..replicas.Length].Clear();
        Span<ulong> device = stackalloc ulong[_words];
        Span<ulong> held = stackalloc ulong[_words];
        foreach (var replica in replicas)
        {
            if (_slots.TryGetValue(replica, out var slot))
            {
                held[slot / BitsPerWord] |= 1UL << (slot % BitsPerWord);
            }
        }

        held.CopyTo(device);
        var depth = 0;
        Span<int> deviceBlocks = stackalloc int[Math.Min(1024, _replicas.Count)];
        Span<int> heldBlocks = stackalloc int[Math.Min(1024, _replicas.Count)];
        if (_replicas.Count > deviceBlocks.Length)
        {
            deviceBlocks = new int[_replicas.Count];
            heldBlocks = new int[_replicas.Count];
        }

        foreach (var hash in prefix)
        {
            if (!TryFind(hash, out var row))
            {
                break;
            }

            var bits = _rows.AsSpan((row * Stride) + KeyWords, 2 * _words);
            var any = Narrow(device, bits[.._words], depth, deviceBlocks) | Narrow(held, bits[_words..], depth, heldBlocks);
            depth++;
            if (!any)
            {
                break;
            }
        }

        Settle(device, depth, deviceBlocks);
        Settle(held, depth, heldBlocks);
        for (var i = 0; i < replicas.Length; i++)
        {
            if (_slots.TryGetValue(replicas[i], out var slot))
            {
                holdings[i] = new PrefixHolding(deviceBlocks[slot], heldBlocks[slot]);
            }
        }
    }

    /// <summary>Keeps the replicas that hold this block too; notes for the others how far they came. Whether any is left.</summary>
    private static bool Narrow(Span<ulong> alive, ReadOnlySpan<ulong> bits, int depth, Span<int> blocks)
    {
        var any = false;
        for (var word = 0; word < alive.Length; word++)
        {
            Note(alive[word] & ~bits[word], word, depth, blocks);
            alive[word] &= bits[word];
            any |= alive[word] != 0;
        }

        return any;
    }

    private static void Settle(ReadOnlySpan<ulong> alive, int depth, Span<int> blocks)
    {
        for (var word = 0; word < alive.Length; word++)
        {
            Note(alive[word], word, depth, blocks);
        }
    }

    private static void Note(ulong bits, int word, int depth, Span<int> blocks)
    {
        for (; bits != 0; bits &= bits - 1)
        {
            blocks[(word * BitsPerWord) + BitOperations.TrailingZeroCount(bits)] = depth;
        }
    }

    private int SlotOf(ReplicaKey replica)
    {
        if (_slots.TryGetValue(replica, out var slot))
        {
            return slot;
        }

        slot = _replicas.IndexOf(null);
        if (slot < 0)
        {
            slot = _replicas.Count;
            _replicas.Add(null);
            if (slot >= _words * BitsPerWord)
            {
                Rebuild(_capacity, 2 * _words);
            }
        }

        _replicas[slot] = replica;
        _slots.Add(replica, slot);
        return slot;
    }

    private bool TryFind(PrefixHash hash, out int row)
    {
        for (row = Home(hash.Low); IsUsed(row); row = (row + 1) & (_capacity - 1))
        {
            if (_rows[row * Stride] == hash.Low && _rows[(row * Stride) + 1] == hash.High)
            {
                return true;
            }
        }

        return false;
    }

    private int Insert(PrefixHash hash)
    {
        if ((Count + 1) * 10L > _capacity * 7L)
        {
            Rebuild(2 * _capacity, _words);
        }

        _ = TryFind(hash, out var row);
        (_rows[row * Stride], _rows[(row * Stride) + 1]) = (hash.Low, hash.High);
        Count++;
        return row;
    }

    private void SetBits(int row, int slot, PrefixTiers tiers)
    {
        var at = (row * Stride) + KeyWords + (slot / BitsPerWord);
        var bit = 1UL << (slot % BitsPerWord);
        _rows[at] = tiers.HasFlag(PrefixTiers.Device) ? _rows[at] | bit : _rows[at] & ~bit;
        _rows[at + _words] = tiers != PrefixTiers.None ? _rows[at + _words] | bit : _rows[at + _words] & ~bit;
    }

    private bool RemoveIfEmpty(int row)
    {
        if (IsUsed(row))
        {
            return false;
        }

        // Rows that this one had pushed on move back, as far as their own home allows.
        Count--;
        var gap = row;
        for (var next = (gap + 1) & (_capacity - 1); IsUsed(next); next = (next + 1) & (_capacity - 1))
        {
            var home = Home(_rows[next * Stride]);
            if (((next - home) & (_capacity - 1)) >= ((next - gap) & (_capacity - 1)))
            {
                _rows.AsSpan(next * Stride, Stride).CopyTo(_rows.AsSpan(gap * Stride, Stride));
                _rows.AsSpan(next * Stride, Stride).Clear();
                gap = next;
            }
        }

        return true;
    }

    /// <summary>A row is used while some replica holds its hash.</summary>
    private bool IsUsed(int row)
    {
        var held = _rows.AsSpan((row * Stride) + KeyWords + _words, _words);
        foreach (var word in held)
        {
            if (word != 0)
            {
                return true;
            }
        }

        return false;
    }

    private int Home(ulong low) => (int)(low & (ulong)(_capacity - 1));

    private void Rebuild(int capacity, int words)
    {
        var (old, oldStride, oldWords, oldCapacity) = (_rows, Stride, _words, _capacity);
        (_capacity, _words) = (capacity, words);
        _rows = new ulong[(long)capacity * Stride];
        for (var row = 0; row < oldCapacity; row++)
        {
            var from = old.AsSpan(row * oldStride, oldStride);
            if (from[(KeyWords + oldWords)..].ContainsAnyExcept(0UL))
            {
                _ = TryFind(new PrefixHash(from[1], from[0]), out var place);
                var to = _rows.AsSpan(place * Stride, Stride);
                from[..KeyWords].CopyTo(to);
                from.Slice(KeyWords, oldWords).CopyTo(to[KeyWords..]);
                from[(KeyWords + oldWords)..].CopyTo(to[(KeyWords + words)..]);
            }
        }
    }
}
