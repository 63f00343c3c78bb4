using XLLM.Silo.KvCache;
using XLLM.Silo.Scheduling;
using XLLM.Silo.Sequences;
using XLLM.Silo.Transfer;

namespace XLLM.Silo.Engine;

/// <summary>Joins waiting sequences and the tiers' loads. Owned by the engine's loop.</summary>
internal sealed class TieredPrefixLoads(KvBlockManager blocks, KvTiers tiers) : IPrefixLoads
{
    /// <summary>Loads that a sequence may begin each time it waits. The second one is for blocks that were evicted while the first one ran.</summary>
    private const int MostLoads = 2;

    private readonly Dictionary<SequenceId, State> _states = [];

    /// <inheritdoc/>
    public void Begin(Sequence sequence)
    {
        if (blocks.SharesPrefixes)
        {
            TryBegin(sequence, blocks.FindPrefix(sequence.Prefix, sequence.TokenCount - 1), asksOthers: true);
        }
    }

    /// <inheritdoc/>
    public bool ShouldWait(Sequence sequence, int cachedTokens)
    {
        if (!blocks.SharesPrefixes)
        {
            return false;
        }

        if (_states.TryGetValue(sequence.Id, out var state) && state.Load is { } load)
        {
            if (!load.IsDone)
            {
                return true;
            }

            if (cachedTokens / blocks.BlockTokens >= load.FirstBlock)
            {
                return false;
            }

            // What stood before it in the pool was evicted meanwhile: in the host tier now, if anywhere.
            load.Discard();
            state.Load = null;
        }

        return TryBegin(sequence, cachedTokens, asksOthers: false);
    }

    /// <inheritdoc/>
    public bool IsLoading(Sequence sequence) => _states.TryGetValue(sequence.Id, out var state) && state.Load is { IsDone: false };

    /// <inheritdoc/>
    public int Admit(Sequence sequence, int cachedTokens)
    {
        if (!_states.TryGetValue(sequence.Id, out var state) || state.Load is not { } load)
        {
            return cachedTokens;
        }

        state.Load = null;
        var (first, end) = (cachedTokens / blocks.BlockTokens, load.FirstBlock + load.Close());
        if (first >= load.FirstBlock && end > first)
        {
            for (var i = first; i < end; i++)
            {
                for (var group = 0; group < blocks.Groups; group++)
                {
                    tiers.Copies.Load(new BlockCopy(
                        new KvBlockName(sequence.Prefix.Hashes[i], group), sequence.Blocks[group][i], load.Take(i - load.FirstBlock, group)));
                }
            }

            cachedTokens = end * blocks.BlockTokens;
        }

        load.Discard();
        return cachedTokens;
    }

    /// <inheritdoc/>
    public void Retire(Sequence sequence)
    {
        if (_states.Remove(sequence.Id, out var state))
        {
            state.Load?.Discard();
        }
    }

    private bool TryBegin(Sequence sequence, int cachedTokens, bool asksOthers)
    {
        // The last token is computed whatever is cached, so that it has logits.
        var most = Math.Min(sequence.Prefix.Count, (sequence.TokenCount - 1) / blocks.BlockTokens);
        var first = cachedTokens / blocks.BlockTokens;
        if (first >= most)
        {
            return false;
        }

        if (!_states.TryGetValue(sequence.Id, out var state))
        {
            _states.Add(sequence.Id, state = new State());
        }

        if (state.Run != sequence.Run)
        {
            (state.Run, state.Loads) = (sequence.Run, 0);
        }

        if (state.Loads >= MostLoads || tiers.Loader.Begin(sequence.Prefix.Hashes[..most], first, asksOthers, sequence.CopyFrom) is not { } load)
        {
            return false;
        }

        (state.Load, state.Loads) = (load, state.Loads + 1);
        return true;
    }

    private sealed class State
    {
        public PrefixLoad? Load { get; set; }

        public int Run { get; set; }

        public int Loads { get; set; }
    }
}
