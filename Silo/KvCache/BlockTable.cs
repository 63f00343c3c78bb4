namespace XLLM.Silo.KvCache;

/// <summary>A sequence's KV blocks of one group, in token order. Filled and emptied by <see cref="KvBlockManager"/> alone.</summary>
internal sealed class BlockTable
{
    private int[] _blocks = [];

    /// <summary>Entries, those released early included.</summary>
    public int Count { get; private set; }

    /// <summary>Entries before this one were released early; what they say has no meaning any more.</summary>
    public int FirstHeld { get; private set; }

    /// <summary>Block numbers in token order.</summary>
    public ReadOnlySpan<int> Blocks => _blocks.AsSpan(0, Count);

    /// <summary>The block at a place of the table.</summary>
    internal KvBlockId this[int index] => new(_blocks[index]);

    internal void EnsureCapacity(int blocks)
    {
        if (_blocks.Length < blocks)
        {
            Array.Resize(ref _blocks, Math.Max(blocks, 2 * _blocks.Length));
        }
    }

    internal void Add(KvBlockId block)
    {
        EnsureCapacity(Count + 1);
        _blocks[Count++] = block.Value;
    }

    /// <summary>Begins the table with entries that hold nothing.</summary>
    internal void SkipTo(int firstHeld)
    {
        EnsureCapacity(firstHeld);
        (Count, FirstHeld) = (firstHeld, firstHeld);
    }

    internal void ReleasedBefore(int firstHeld) => FirstHeld = firstHeld;

    internal void Clear() => (Count, FirstHeld) = (0, 0);
}
