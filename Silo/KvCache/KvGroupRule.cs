namespace XLLM.Silo.KvCache;

/// <summary>How the KV blocks of one group of layers grow with a sequence, and which of them are given back before it ends. Pure; a kind of layer is a class.</summary>
/// <remarks>
/// Full attention keeps everything. A sliding window releases early (<see cref="FirstKept"/>). Latent attention grows like full attention, with smaller blocks.
/// A recurrent state has a fixed number of blocks, none of which is some tokens' (<see cref="SharesPrefix"/>): it is found as a whole, by snapshots.
/// </remarks>
internal abstract class KvGroupRule
{
    /// <summary>Whether block i holds exactly the tokens [i * blockTokens, (i + 1) * blockTokens), so that it can be found again by its prefix hash.</summary>
    public virtual bool SharesPrefix => true;

    /// <summary>Whether every token has a place of its own in the group's blocks. A recurrent state has one place for all tokens.</summary>
    public virtual bool HasSlots => true;

    /// <summary>Length of the block table of a sequence, blocks released early included. Never falls as tokens grow.</summary>
    /// <param name="tokens">Tokens of the sequence, at least 0.</param>
    /// <param name="blockTokens">Tokens of one KV block.</param>
    public abstract int BlocksFor(int tokens, int blockTokens);

    /// <summary>The first entry of the block table that rows from position <paramref name="tokens"/> on may read; the ones before are given back. Never falls.</summary>
    /// <param name="tokens">Computed tokens of the sequence.</param>
    /// <param name="blockTokens">Tokens of one KV block.</param>
    public virtual int FirstKept(int tokens, int blockTokens) => 0;

    /// <summary>Most blocks that a sequence of up to <paramref name="tokens"/> tokens holds at one time.</summary>
    public virtual int MostHeld(int tokens, int blockTokens) => BlocksFor(tokens, blockTokens);
}

/// <summary>Keys and values of every token, for the whole life of the sequence.</summary>
internal sealed class FullAttentionRule : KvGroupRule
{
    /// <inheritdoc/>
    public override int BlocksFor(int tokens, int blockTokens) => (tokens + blockTokens - 1) / blockTokens;
}
