using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Silo.KvCache;

/// <remarks>
/// Recurrent states. The state after a full block can be kept under that block's prefix hash: a snapshot, which takes as many KV blocks as a state and is found, held
/// and evicted as a whole. Its blocks stand in the prefix cache one by one, as pieces, under group numbers past those of the groups.
/// A prefix is found as far as keys and values and a snapshot agree. Snapshots are large, so they are few: one at the end of every prompt, and one where a prompt leaves
/// keys and values that are known already, since what two prompts share a third may share too.
/// Source for keeping states where prompts part: Pan et al. 2024, arXiv:2411.19379 (Marconi).
/// </remarks>
internal sealed partial class KvBlockManager
{
    private const int NoGroup = -1;

    private readonly int _stateGroup;
    private readonly int _stateBlocks;

    /// <summary>Whether the model has recurrent states: a prefix then needs a snapshot besides its keys and values.</summary>
    public bool HasStates => _stateGroup != NoGroup;

    /// <summary>How many of a sequence's next tokens may be granted at once: a step ends where a state is to be kept.</summary>
    /// <param name="tables">The sequence's tables.</param>
    /// <param name="from">Tokens granted so far.</param>
    /// <param name="tokens">Tokens that could be granted.</param>
    public static int UntilStop(BlockTables tables, int from, int tokens) => tables.State?.UntilStop(from, tokens) ?? tokens;

    /// <summary>A sequence has been granted its tokens up to <paramref name="end"/>; what was reserved for them is used.</summary>
    public static void Granted(BlockTables tables, int end) => tables.State?.Granted(end);

    private static int FindStateGroup(IReadOnlyList<KvGroupRule> rules)
    {
        var found = NoGroup;
        for (var group = 0; group < rules.Count; group++)
        {
            if (rules[group] is RecurrentStateRule)
            {
                found = found == NoGroup ? group : throw new ArgumentException("two groups of layers have recurrent states; one is supported", nameof(rules));
            }
        }

        return found;
    }

    /// <summary>Group number of a piece in the prefix cache.</summary>
    private int Piece(int index) => _rules.Count + index;

    private bool HasSnapshot(PrefixHash hash) => _cache!.TryFind(hash, Piece(0), out _);

    /// <summary>Most blocks, up to <paramref name="most"/>, after which there is a snapshot, with room to go on from it.</summary>
    private int LongestSnapshot(PrefixChain prefix, int most)
    {
        while (most > 0 && !HasSnapshot(prefix.Hashes[most - 1]))
        {
            most--;
        }

        return most;
    }

    /// <summary>Whether a sequence that goes on from a snapshot fits if it has the pool for itself: it holds the snapshot and a state of its own at the same time.</summary>
    private bool FitsWithSnapshot(int tokens)
    {
        var most = (long)_stateBlocks;
        foreach (var rule in _rules)
        {
            most += rule.BlocksFor(tokens, BlockTokens);
        }

        return most <= TotalBlocks;
    }

    private int EvictableSnapshotBlocks(PrefixChain prefix, int hitTokens) =>
        hitTokens > 0 && _cache!.TryFind(prefix.Hashes[(hitTokens / BlockTokens) - 1], Piece(0), out var first) && _pool.Users(first) == 0 ? _stateBlocks : 0;

    /// <summary>Holds the snapshot that a sequence goes on from.</summary>
    private void HoldSnapshot(BlockTables tables, PrefixHash hash, int tokens)
    {
        Span<int> blocks = stackalloc int[_stateBlocks];
        for (var i = 0; i < blocks.Length; i++)
        {
            _ = _cache!.TryFind(hash, Piece(i), out var block);
            if (_pool.AddUser(block) == 1)
            {
                _evictable.Remove(block);
            }

            blocks[i] = block.Value;
        }

        tables.State!.ReadFrom(blocks, tokens, hash);
    }

    /// <summary>Chooses where the state of a sequence that is being admitted will be kept.</summary>
    private void PlanSnapshots(BlockTables tables, PrefixChain prefix, int hitTokens, int tokens)
    {
        if (tables.State is not { } state || _cache is null)
        {
            return;
        }

        // A prompt's last token is computed whatever is known, so the last boundary before it is the last that any prompt alike can use.
        var hit = hitTokens / BlockTokens;
        var last = Math.Min(prefix.Count, (tokens - 1) / BlockTokens);
        var parting = last;
        for (var group = 0; group < _rules.Count && parting > hit; group++)
        {
            parting = group == _stateGroup ? parting : LongestPrefix(prefix, group, parting);
        }

        if (_rules.Count > 1 && parting > hit && parting < last)
        {
            state.AddStop(parting * BlockTokens, prefix.Hashes[parting - 1]);
        }

        if (last > hit && !HasSnapshot(prefix.Hashes[last - 1]))
        {
            state.AddStop(last * BlockTokens, prefix.Hashes[last - 1]);
        }
    }

    /// <summary>Where the last grant has reached a place worth keeping, lets the sequence go on in other blocks. Where there is no room for them it goes on in place, and nothing is kept.</summary>
    private void GoOnElsewhere(BlockTables tables)
    {
        if (tables.State is not { Reached: { Tokens: > 0 } reached } state)
        {
            return;
        }

        // A source that is still held belongs to a step under way: there is no second place to remember one. A snapshot must not make others give way:
        // as much again stays free.
        if (state.HasSource || HasSnapshot(reached.Hash) || FreeBlocks < 2 * _stateBlocks)
        {
            return;
        }

        var table = tables[_stateGroup];
        state.ReadFrom(table.Blocks, reached.Tokens, reached.Hash);
        table.Clear();
        LendTo(table, _stateBlocks);
        if (state.IsComputed)
        {
            AddSnapshot(state.Source, reached.Hash);
        }
    }

    /// <summary>Tokens have been computed: a state that was reached can be found, and one that was read is given back.</summary>
    private void CommitState(BlockTables tables, int computedTokens)
    {
        if (tables.State is not { } state)
        {
            return;
        }

        state.Computed(computedTokens);
        if (!state.HasSource)
        {
            return;
        }

        if (computedTokens == state.SourceAt.Tokens)
        {
            AddSnapshot(state.Source, state.SourceAt.Hash);
        }
        else if (computedTokens > state.SourceAt.Tokens)
        {
            GiveBackSource(state);
        }
    }

    /// <summary>A sequence leaves: what it read is given back, and a state that it has reached, and not changed since, is kept.</summary>
    private void ReleaseState(BlockTables tables)
    {
        if (tables.State is not { } state)
        {
            return;
        }

        if (state is { IsComputed: true, Reached: { Tokens: > 0 } reached } && _cache is not null)
        {
            AddSnapshot(tables[_stateGroup].Blocks, reached.Hash);
        }

        GiveBackSource(state);
        state.Clear();
    }

    private void AddSnapshot(ReadOnlySpan<int> blocks, PrefixHash hash)
    {
        if (HasSnapshot(hash))
        {
            return;
        }

        for (var i = 0; i < blocks.Length; i++)
        {
            _cache!.TryAdd(hash, Piece(i), new KvBlockId(blocks[i]));
        }
    }

    private void GiveBackSource(StateTable state)
    {
        for (var i = state.Source.Length - 1; i >= 0; i--)
        {
            GiveBack(new KvBlockId(state.Source[i]));
        }

        state.ForgetSource();
    }

    /// <summary>A piece was evicted: a snapshot without it is worth nothing, so its other blocks become empty. They have no user either, since pieces are held together.</summary>
    private void DropOtherPieces(PrefixHash hash, int group)
    {
        for (var i = 0; i < _stateBlocks; i++)
        {
            if (Piece(i) != group && _cache!.TryFind(hash, Piece(i), out var block))
            {
                _cache.Remove(block);
                _evictable.Remove(block);
                _pool.PutEmpty(block);
            }
        }
    }
}
