namespace XLLM.Silo.Models;

/// <summary>What a group of layers keeps. KV memory is lent per group, so hybrid models are not a special case.</summary>
internal enum KvGroupKind
{
    /// <summary>Keys and values of every token: grows with the sequence.</summary>
    FullAttention,

    /// <summary>One latent vector of every token, key and value in one: grows with the sequence.</summary>
    Latent,

    /// <summary>A state that every token changes: the same size from the first token on.</summary>
    RecurrentState,
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

    /// <summary>What each layer of a group with recurrent states keeps; null for the others.</summary>
    public KvState? State { get; init; }

    /// <summary>A group of layers with recurrent states.</summary>
    /// <param name="layers">Model layers.</param>
    /// <param name="state">What each of them keeps.</param>
    public static KvGroup OfStates(IReadOnlyList<int> layers, KvState state) => new(KvGroupKind.RecurrentState, layers, 0, 0) { State = state };
}

/// <summary>Keys by which positions are chosen before they are attended to: one small vector of every token.</summary>
/// <param name="Layers">Layers of the group that have them.</param>
/// <param name="Columns">Columns of a key.</param>
internal sealed record KvIndex(IReadOnlyList<int> Layers, int Columns);

/// <summary>The recurrent state of one layer. F32, whatever keys and values are kept as: every token rounds it again.</summary>
/// <param name="Heads">Matrices.</param>
/// <param name="KeyColumns">Rows of a matrix.</param>
/// <param name="ValueColumns">Columns of a matrix.</param>
/// <param name="Channels">Columns of the short convolution's inputs.</param>
/// <param name="Window">Inputs that the convolution looks back at.</param>
internal sealed record KvState(int Heads, int KeyColumns, int ValueColumns, int Channels, int Window);

/// <summary>All groups of a model; every attention layer is in exactly one.</summary>
internal sealed record KvLayout(IReadOnlyList<KvGroup> Groups);
