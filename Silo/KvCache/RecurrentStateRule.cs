namespace XLLM.Silo.KvCache;

/// <summary>A state that every token changes: as many KV blocks from the first token to the last.</summary>
/// <param name="blocks">KV blocks of one state, at least 1.</param>
internal sealed class RecurrentStateRule(int blocks) : KvGroupRule
{
    /// <summary>KV blocks of one state.</summary>
    public int Blocks { get; } = blocks;

    /// <inheritdoc/>
    public override bool SharesPrefix => false;

    /// <inheritdoc/>
    public override bool HasSlots => false;

    /// <inheritdoc/>
    public override int BlocksFor(int tokens, int blockTokens) => Blocks;
}
