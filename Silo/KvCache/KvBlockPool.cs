namespace XLLM.Silo.KvCache;

/// <summary>Reference counts of all KV blocks, and the stack of those that hold nothing. Last in, first out: memory that was touched is touched again.</summary>
internal sealed class KvBlockPool
{
    private readonly int[] _users;
    private readonly int[] _empty;

    /// <param name="blocks">KV blocks, at least 1.</param>
    public KvBlockPool(int blocks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blocks, 1);
        _users = new int[blocks];
        _empty = new int[blocks];
        for (var i = 0; i < blocks; i++)
        {
            _empty[i] = blocks - 1 - i;
        }

        EmptyBlocks = blocks;
    }

    /// <summary>All KV blocks.</summary>
    public int TotalBlocks => _users.Length;

    /// <summary>Blocks that hold nothing.</summary>
    public int EmptyBlocks { get; private set; }

    /// <summary>Blocks that hold nothing, in no order; for checks.</summary>
    internal ReadOnlySpan<int> Empty => _empty.AsSpan(0, EmptyBlocks);

    /// <summary>Sequences that hold the block.</summary>
    public int Users(KvBlockId block) => _users[block.Value];

    /// <summary>Takes an empty block off the stack, without a user. There must be one.</summary>
    public KvBlockId TakeEmpty() => new(_empty[--EmptyBlocks]);

    /// <summary>Puts a block without users back on the stack.</summary>
    public void PutEmpty(KvBlockId block) => _empty[EmptyBlocks++] = block.Value;

    /// <summary>Adds a user and returns how many there are now.</summary>
    public int AddUser(KvBlockId block) => ++_users[block.Value];

    /// <summary>Removes a user and returns how many are left.</summary>
    public int RemoveUser(KvBlockId block) => _users[block.Value] > 0
        ? --_users[block.Value]
        : throw new InvalidOperationException($"{block} has no user to remove");
}
