namespace XLLM.Silo.KvCache;

/// <summary>Lends KV blocks to sequences, one table per group of layers, and keeps full ones findable by their prefix hash after their sequence has left.</summary>
/// <remarks>
/// A block is empty, used (by one or more sequences), or evictable: cached without a user. A used block may be cached as well.
/// Everything takes constant time per block and allocates nothing once the tables have grown. Not thread-safe: the engine's loop owns it.
/// Blocks may be given back while a step that writes them is still executing: steps execute in order, so a later borrower writes after it.
/// Source: block tables: Kwon et al. 2023 (arXiv:2309.06180), section 4; hash chains over full blocks: vLLM's design note on automatic prefix caching.
/// </remarks>
internal sealed partial class KvBlockManager
{
    private readonly IReadOnlyList<KvGroupRule> _rules;
    private readonly KvBlockPool _pool;
    private readonly PrefixCache? _cache;
    private readonly IEvictionOrder _evictable;
    private readonly IKvEvents _events;

    /// <param name="rules">One per group of layers, in the order of the model's layout.</param>
    /// <param name="blocks">KV blocks of the pool, at least 1.</param>
    /// <param name="blockTokens">Tokens of one KV block, at least 1.</param>
    /// <param name="evictable">Which cached block goes first; null: <see cref="LeastRecentlyUsed"/>.</param>
    /// <param name="prefixCaching">Whether blocks are reused by hash at all.</param>
    /// <param name="events">Hears what is cached; null: nobody.</param>
    public KvBlockManager(
        IReadOnlyList<KvGroupRule> rules, int blocks, int blockTokens, IEvictionOrder? evictable = null, bool prefixCaching = true, IKvEvents? events = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rules.Count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockTokens, 1);
        _rules = rules;
        _pool = new KvBlockPool(blocks);
        _evictable = evictable ?? new LeastRecentlyUsed(blocks);
        _events = events ?? NoKvEvents.Instance;
        BlockTokens = blockTokens;

        _stateGroup = FindStateGroup(rules);
        _stateBlocks = HasStates ? ((RecurrentStateRule)rules[_stateGroup]).Blocks : 0;

        // A group that cannot be found by hash has nothing to resume from, so with one in the model no prefix can be reused. States are found by snapshots.
        _cache = prefixCaching && rules.All(rule => rule.SharesPrefix || rule is RecurrentStateRule) ? new PrefixCache(blocks) : null;
    }

    /// <summary>Tokens of one KV block.</summary>
    public int BlockTokens { get; }

    /// <summary>Groups of layers, hence tables per sequence.</summary>
    public int Groups => _rules.Count;

    /// <summary>All KV blocks.</summary>
    public int TotalBlocks => _pool.TotalBlocks;

    /// <summary>Blocks that a sequence could have now: empty ones and evictable ones.</summary>
    public int FreeBlocks => _pool.EmptyBlocks + _evictable.Count;

    /// <summary>Blocks that sequences hold.</summary>
    public int UsedBlocks => TotalBlocks - FreeBlocks;

    /// <summary>Blocks that can be found by their prefix hash, used or not.</summary>
    public int CachedBlocks => _cache?.Count ?? 0;

    /// <summary>Tokens looked for in the prefix cache when sequences were admitted, again after every preemption.</summary>
    public long QueriedTokens { get; private set; }

    /// <summary>Of those, the tokens found.</summary>
    public long HitTokens { get; private set; }

    /// <summary>Cached blocks dropped to make room.</summary>
    public long Evictions { get; private set; }

    /// <summary>Empty tables for a new sequence.</summary>
    public BlockTables CreateTables() => new(_rules, BlockTokens);

    /// <summary>Whether a sequence of that many tokens could run if it had the pool for itself.</summary>
    public bool FitsWhenAlone(int tokens)
    {
        var most = 0L;
        foreach (var rule in _rules)
        {
            most += rule.MostHeld(tokens, BlockTokens);
        }

        return most <= TotalBlocks;
    }

    /// <summary>How many leading tokens of a sequence need not be computed: a whole number of KV blocks. Changes nothing.</summary>
    /// <param name="prefix">Hashes of the sequence's full blocks.</param>
    /// <param name="most">Most tokens to find; one less than the sequence has, since its last token must be computed to have logits.</param>
    public int FindPrefix(PrefixChain prefix, int most)
    {
        if (_cache is null)
        {
            return 0;
        }

        // A group that shortens the prefix agrees with its own answer; the others are asked again, since a window needs other blocks then.
        var blocks = Math.Min(prefix.Count, most / BlockTokens);
        for (int group = 0, agreeing = 0; agreeing < _rules.Count && blocks > 0; group = (group + 1) % _rules.Count)
        {
            var longest = LongestPrefix(prefix, group, blocks);
            agreeing = longest == blocks ? agreeing + 1 : 1;
            blocks = longest;
        }

        return HasStates && !FitsWithSnapshot(most + 1) ? 0 : blocks * BlockTokens;
    }

    /// <summary>Admits a sequence: shares the blocks of its cached prefix and lends the others that it needs. All or nothing.</summary>
    /// <param name="tables">The sequence's tables, empty.</param>
    /// <param name="prefix">Hashes of the sequence's full blocks.</param>
    /// <param name="hitTokens">Result of <see cref="FindPrefix"/> in this very state.</param>
    /// <param name="tokens">Tokens to have room for, at least <paramref name="hitTokens"/>.</param>
    /// <returns>False, and nothing has changed, if there is no room.</returns>
    public bool TryAdmit(BlockTables tables, PrefixChain prefix, int hitTokens, int tokens)
    {
        if (BlocksWanted(hitTokens, tokens) + EvictableBlocks(prefix, hitTokens) > FreeBlocks)
        {
            return false;
        }

        for (var group = 0; group < _rules.Count; group++)
        {
            if (group == _stateGroup)
            {
                if (hitTokens > 0)
                {
                    HoldSnapshot(tables, prefix.Hashes[(hitTokens / BlockTokens) - 1], hitTokens);
                }

                continue;
            }

            var first = _rules[group].FirstKept(hitTokens, BlockTokens);
            tables[group].SkipTo(first);
            for (var i = first; i < hitTokens / BlockTokens; i++)
            {
                _ = _cache!.TryFind(prefix.Hashes[i], group, out var block);
                if (_pool.AddUser(block) == 1)
                {
                    _evictable.Remove(block);
                }

                tables[group].Add(block);
            }
        }

        // Hits hold their blocks before anything is evicted for the rest.
        Lend(tables, tokens);
        PlanSnapshots(tables, prefix, hitTokens, tokens);
        tables.CommittedBlocks = hitTokens / BlockTokens;
        if (_cache is not null)
        {
            QueriedTokens += tokens;
            HitTokens += hitTokens;
        }

        return true;
    }

    /// <summary>Lends the blocks that a sequence lacks for that many tokens, evicting cached ones where none is empty. All or nothing.</summary>
    /// <returns>False, and nothing has changed, if there is no room.</returns>
    public bool TryReserve(BlockTables tables, int tokens)
    {
        var wanted = 0;
        for (var group = 0; group < _rules.Count; group++)
        {
            wanted += Math.Max(0, _rules[group].BlocksFor(tokens, BlockTokens) - tables[group].Count);
        }

        if (wanted > FreeBlocks)
        {
            return false;
        }

        Lend(tables, tokens);
        GoOnElsewhere(tables);
        return true;
    }

    /// <summary>Tokens of a sequence have been computed: full blocks become findable, and blocks that no later row reads are given back.</summary>
    /// <param name="tables">The sequence's tables.</param>
    /// <param name="prefix">Hashes of the sequence's full blocks.</param>
    /// <param name="computedTokens">Tokens whose keys and values are in the pool.</param>
    public void Commit(BlockTables tables, PrefixChain prefix, int computedTokens)
    {
        var full = Math.Min(prefix.Count, computedTokens / BlockTokens);
        for (; _cache is not null && tables.CommittedBlocks < full; tables.CommittedBlocks++)
        {
            var hash = prefix.Hashes[tables.CommittedBlocks];
            for (var group = 0; group < _rules.Count; group++)
            {
                if (group != _stateGroup && tables.CommittedBlocks >= tables[group].FirstHeld && _cache.TryAdd(hash, group, tables[group][tables.CommittedBlocks]))
                {
                    _events.Stored(hash, group);
                }
            }
        }

        for (var group = 0; group < _rules.Count; group++)
        {
            var first = Math.Min(_rules[group].FirstKept(computedTokens, BlockTokens), tables[group].Count);
            if (first > tables[group].FirstHeld)
            {
                GiveBack(tables[group], tables[group].FirstHeld, first);
                tables[group].ReleasedBefore(first);
            }
        }

        CommitState(tables, computedTokens);
    }

    /// <summary>Takes back all blocks of a sequence. Cached ones stay findable until they are evicted, its tail before its head.</summary>
    public void Release(BlockTables tables)
    {
        ReleaseState(tables);
        for (var group = 0; group < _rules.Count; group++)
        {
            GiveBack(tables[group], tables[group].FirstHeld, tables[group].Count);
            tables[group].Clear();
        }

        tables.CommittedBlocks = 0;
    }

    /// <summary>Checks that every block is in exactly one state and that users are counted right. Time: O(blocks); for tests, and for an engine that is idle.</summary>
    /// <param name="holders">The tables of all sequences that hold blocks.</param>
    /// <exception cref="InvalidOperationException">The books are wrong; the message has the numbers.</exception>
    public void CheckIntegrity(IEnumerable<BlockTables> holders)
    {
        var held = new int[TotalBlocks];
        foreach (var tables in holders)
        {
            for (var group = 0; group < Groups; group++)
            {
                for (var i = tables[group].FirstHeld; i < tables[group].Count; i++)
                {
                    held[tables[group][i].Value]++;
                }
            }

            foreach (var block in tables.State is { } state ? state.Source : [])
            {
                held[block]++;
            }
        }

        var empty = new bool[TotalBlocks];
        foreach (var block in _pool.Empty)
        {
            Require(!empty[block], $"block {block} is twice among the empty ones");
            empty[block] = true;
        }

        var (unused, cached) = (0, 0);
        for (var i = 0; i < TotalBlocks; i++)
        {
            var block = new KvBlockId(i);
            var isCached = _cache?.Contains(block) ?? false;
            Require(_pool.Users(block) == held[i], $"{block} counts {_pool.Users(block)} users, {held[i]} tables hold it");
            Require(!empty[i] || (held[i] == 0 && !isCached), $"{block} is empty, but has {held[i]} users and is{(isCached ? string.Empty : " not")} cached");
            Require(empty[i] || held[i] > 0 || isCached, $"{block} is lost: not empty, not used, not cached");
            unused += !empty[i] && held[i] == 0 ? 1 : 0;
            cached += isCached ? 1 : 0;
        }

        Require(unused == _evictable.Count, $"{unused} cached blocks have no user, {_evictable.Count} are evictable");
        Require(cached == CachedBlocks, $"{cached} blocks have a prefix hash, the prefix cache counts {CachedBlocks}");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new InvalidOperationException($"KV blocks: {message}");
        }
    }

    /// <summary>Most blocks, up to <paramref name="most"/>, such that the group has all it needs to go on after them.</summary>
    private int LongestPrefix(PrefixChain prefix, int group, int most)
    {
        if (group == _stateGroup)
        {
            return LongestSnapshot(prefix, most);
        }

        // Walk from the head, remembering where the unbroken run of cached blocks that ends here began.
        var (longest, runStart) = (0, 0);
        for (var i = 0; i < most; i++)
        {
            if (!_cache!.TryFind(prefix.Hashes[i], group, out _))
            {
                if (_rules[group].FirstKept(most * BlockTokens, BlockTokens) <= i)
                {
                    break;      // whatever follows needs this block
                }

                runStart = i + 1;
            }
            else if (_rules[group].FirstKept((i + 1) * BlockTokens, BlockTokens) >= runStart)
            {
                longest = i + 1;
            }
        }

        return longest;
    }

    private int BlocksWanted(int hitTokens, int tokens)
    {
        var wanted = 0;
        foreach (var rule in _rules)
        {
            wanted += Math.Max(0, rule.BlocksFor(tokens, BlockTokens) - (rule.SharesPrefix ? hitTokens / BlockTokens : 0));
        }

        return wanted;
    }

    /// <summary>Blocks of a hit that are evictable now, hence counted as free though the sequence will hold them.</summary>
    private int EvictableBlocks(PrefixChain prefix, int hitTokens)
    {
        var count = HasStates ? EvictableSnapshotBlocks(prefix, hitTokens) : 0;
        for (var group = 0; group < _rules.Count; group++)
        {
            if (group == _stateGroup)
            {
                continue;
            }

            for (var i = _rules[group].FirstKept(hitTokens, BlockTokens); i < hitTokens / BlockTokens; i++)
            {
                count += _cache!.TryFind(prefix.Hashes[i], group, out var block) && _pool.Users(block) == 0 ? 1 : 0;
            }
        }

        return count;
    }

    private void Lend(BlockTables tables, int tokens)
    {
        for (var group = 0; group < _rules.Count; group++)
        {
            LendTo(tables[group], _rules[group].BlocksFor(tokens, BlockTokens));
        }
    }

    private void LendTo(BlockTable table, int wanted)
    {
        table.EnsureCapacity(wanted);
        while (table.Count < wanted)
        {
            var block = _pool.EmptyBlocks > 0 ? _pool.TakeEmpty() : Evict();
            _pool.AddUser(block);
            table.Add(block);
        }
    }

    private KvBlockId Evict()
    {
        if (!_evictable.TryTake(out var block))
        {
            throw new InvalidOperationException($"KV blocks: none to evict, though {FreeBlocks} of {TotalBlocks} count as free");
        }

        var (hash, group) = _cache!.Remove(block);
        if (group < _rules.Count)
        {
            _events.Removed(hash, group);
        }
        else
        {
            DropOtherPieces(hash, group);
        }

        Evictions++;
        return block;
    }

    private void GiveBack(BlockTable table, int from, int to)
    {
        for (var i = to - 1; i >= from; i--)
        {
            GiveBack(table[i]);
        }
    }

    private void GiveBack(KvBlockId block)
    {
        if (_pool.RemoveUser(block) > 0)
        {
            return;
        }

        if (_cache?.Contains(block) ?? false)
        {
            _evictable.Add(block);
        }
        else
        {
            _pool.PutEmpty(block);
        }
    }
}
