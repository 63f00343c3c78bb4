namespace XLLM.Silo.KvCache;

/// <summary>What a sequence has borrowed: one <see cref="BlockTable"/> per group of layers. Made by <see cref="KvBlockManager.CreateTables"/>.</summary>
internal sealed class BlockTables
{
    private readonly BlockTable[] _groups;

    private readonly IReadOnlyList<KvGroupRule> _rules;
    private readonly int _blockTokens;

    internal BlockTables(IReadOnlyList<KvGroupRule> rules, int blockTokens)
    {
        var groups = rules.Count;
        (_rules, _blockTokens) = (rules, blockTokens);
        _groups = new BlockTable[groups];
        for (var i = 0; i < groups; i++)
        {
            _groups[i] = new BlockTable();
            State = rules[i] is RecurrentStateRule rule ? new StateTable(rule.Blocks) : State;
        }
    }

    /// <summary>Number of groups.</summary>
    public int Groups => _groups.Length;

    /// <summary>KV blocks held, over all groups.</summary>
    public int HeldBlocks
    {
        get
        {
            var held = 0;
            foreach (var table in _groups)
            {
                held += table.Count - table.FirstHeld;
            }

            return held + (State?.Source.Length ?? 0);
        }
    }

    /// <summary>Makes the tables themselves large enough, so that lending blocks later allocates nothing.</summary>
    /// <param name="tokens">Tokens of the sequence.</param>
    public void EnsureCapacityFor(int tokens)
    {
        for (var group = 0; group < _groups.Length; group++)
        {
            _groups[group].EnsureCapacity(_rules[group].BlocksFor(tokens, _blockTokens));
        }
    }

    /// <summary>Blocks of every table that were offered to the prefix cache already.</summary>
    internal int CommittedBlocks { get; set; }

    /// <summary>Whether every token has a place of its own in a group's blocks.</summary>
    public bool HasSlots(int group) => _rules[group].HasSlots;

    /// <summary>Where the last grant reads a recurrent state from; the group's table says where it is written to.</summary>
    public ReadOnlySpan<int> ReadBlocks(int group) => State is { ReadsSource: true } state ? state.Source : _groups[group].Blocks;

    /// <summary>Where the recurrent state is read from and where it is kept; null for a model without.</summary>
    internal StateTable? State { get; }

    /// <summary>The table of a group.</summary>
    public BlockTable this[int group] => _groups[group];
}
