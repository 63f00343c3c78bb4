namespace XLLM.Silo.KvCache;

/// <summary>Which of the cached blocks that no sequence uses goes first. Every member takes constant time and allocates nothing.</summary>
internal interface IEvictionOrder
{
    /// <summary>Blocks that may be evicted.</summary>
    int Count { get; }

    /// <summary>A cached block has lost its last user. A sequence's blocks come tail first, since a head without its tail is still worth something.</summary>
    void Add(KvBlockId block);

    /// <summary>A block is used again.</summary>
    void Remove(KvBlockId block);

    /// <summary>Takes out the block to evict next; false if there is none.</summary>
    bool TryTake(out KvBlockId block);
}
