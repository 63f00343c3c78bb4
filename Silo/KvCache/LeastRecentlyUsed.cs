namespace XLLM.Silo.KvCache;

/// <summary>The block whose last user left longest ago goes first. A doubly linked list inside two arrays.</summary>
internal sealed class LeastRecentlyUsed : IEvictionOrder
{
    private const int NotListed = -1;

    private readonly int[] _next;      // the last element is the list's head: its next is the oldest block, its previous the newest
    private readonly int[] _previous;
    private readonly int _head;

    /// <param name="blocks">KV blocks of the pool.</param>
    public LeastRecentlyUsed(int blocks)
    {
        _head = blocks;
        _next = new int[blocks + 1];
        _previous = new int[blocks + 1];
        Array.Fill(_next, NotListed);
        (_next[_head], _previous[_head]) = (_head, _head);
    }

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public void Add(KvBlockId block)
    {
        var (index, newest) = (block.Value, _previous[_head]);
        if (_next[index] != NotListed)
        {
            throw new InvalidOperationException($"{block} is evictable already");
        }

        (_previous[index], _next[index]) = (newest, _head);
        _next[newest] = index;
        _previous[_head] = index;
        Count++;
    }

    /// <inheritdoc/>
    public void Remove(KvBlockId block)
    {
        var index = block.Value;
        if (_next[index] == NotListed)
        {
            throw new InvalidOperationException($"{block} is not evictable");
        }

        _next[_previous[index]] = _next[index];
        _previous[_next[index]] = _previous[index];
        _next[index] = NotListed;
        Count--;
    }

    /// <inheritdoc/>
    public bool TryTake(out KvBlockId block)
    {
        if (Count == 0)
        {
            block = default;
            return false;
        }

        block = new KvBlockId(_next[_head]);
        Remove(block);
        return true;
    }
}
