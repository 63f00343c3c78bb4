namespace XLLM.Silo.Models;

/// <summary>What a group of layers keeps. KV memory is lent per group, so hybrid models are not a special case.</summary>
internal enum KvGroupKind
{
    /// <summary>Keys and values of every token: grows with the sequence.</summary>
    FullAttention,

    /// <summary>One latent vector of every token, key and value in one: grows with the sequence.</summary>
    Latent,
}

/// <summary>Layers whose state is lent together: one block table per sequence and group.</summary>
/// <param name="Kind">What is kept, hence how it grows.</param>
/// <param name="Layers">Model layers in the order in which they lie inside a KV block.</param>
/// <param name="KvHeads">Key and value heads per layer.</param>
/// <param name="HeadSize">Columns of one head.</param>
internal sealed record KvGroup(KvGroupKind Kind, IReadOnlyList<int> Layers, int KvHeads, int HeadSize)
{
    /// <summary>What some layers of a latent group keep beside the latent vectors, in the same blocks; null: nothing.</summary>
    public KvIndex? Index { get; init; }
}

/// <summary>Keys by which positions are chosen before they are attended to: one small vector of every token.</summary>
/// <param name="Layers">Layers of the group that have them.</param>
/// <param name="Columns">Columns of a key.</param>
internal sealed record KvIndex(IReadOnlyList<int> Layers, int Columns);

/// <summary>All groups of a model; every attention layer is in exactly one.</summary>
internal sealed record KvLayout(IReadOnlyList<KvGroup> Groups);
