using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Silo.KvCache;

/// <summary>Prefix hash and group → KV block. A hash table whose chains run through arrays with one element per block: constant time, no allocation.</summary>
internal sealed class PrefixCache
{
    private const int None = -1;

    private readonly int[] _buckets;        // first block of each chain
    private readonly int[] _next;           // by block: next block of its chain
    private readonly int[] _groups;         // by block: its group, or None where the block is not cached
    private readonly PrefixHash[] _hashes;  // by block

    /// <param name="blocks">KV blocks of the pool.</param>
    public PrefixCache(int blocks)
    {
        _buckets = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)blocks)];
        _next = new int[blocks];
        _groups = new int[blocks];
        _hashes = new PrefixHash[blocks];
        Array.Fill(_buckets, None);
        Array.Fill(_groups, None);
    }

    /// <summary>Blocks that can be found by a hash, used or not.</summary>
    public int Count { get; private set; }

    /// <summary>Whether the block can be found by a hash.</summary>
    public bool Contains(KvBlockId block) => _groups[block.Value] != None;

    /// <summary>Finds the block of a group that holds the tokens that a hash names.</summary>
    public bool TryFind(PrefixHash hash, int group, out KvBlockId block)
    {
        for (var index = _buckets[Bucket(hash, group)]; index != None; index = _next[index])
        {
            if (_hashes[index] == hash && _groups[index] == group)
            {
                block = new KvBlockId(index);
                return true;
            }
        }

        block = default;
        return false;
    }

    /// <summary>Makes a block findable. False if another one is already found by that hash: the first stays, this one remains private to its sequence.</summary>
    public bool TryAdd(PrefixHash hash, int group, KvBlockId block)
    {
        if (TryFind(hash, group, out _))
        {
            return false;
        }

        ref var bucket = ref _buckets[Bucket(hash, group)];
        (_hashes[block.Value], _groups[block.Value], _next[block.Value]) = (hash, group, bucket);
        bucket = block.Value;
        Count++;
        return true;
    }

    /// <summary>Makes a block unfindable; returns what found it. It must be cached.</summary>
    public (PrefixHash Hash, int Group) Remove(KvBlockId block)
    {
        var (hash, group) = (_hashes[block.Value], _groups[block.Value]);
        ref var link = ref _buckets[Bucket(hash, group)];
        while (link != block.Value)
        {
            link = ref _next[link];
        }

        link = _next[block.Value];
        _groups[block.Value] = None;
        Count--;
        return (hash, group);
    }

    /// <summary>Names of all cached blocks, in no order.</summary>
    public KvBlockName[] Names()
    {
        var names = new KvBlockName[Count];
        for (int block = 0, next = 0; block < _groups.Length; block++)
        {
            if (_groups[block] != None)
            {
                names[next++] = new KvBlockName(_hashes[block], _groups[block]);
            }
        }

        return names;
    }

    private int Bucket(PrefixHash hash, int group) => (int)((hash.Low + ((ulong)group * 0x9E3779B97F4A7C15UL)) & (ulong)(_buckets.Length - 1));
}
