using XLLM.Silo.Sequences;

namespace XLLM.Silo.Scheduling;

/// <summary>Fetches a sequence's prefix from slower memory while it waits for admission. Called by the engine's loop; never blocks.</summary>
internal interface IPrefixLoads
{
    /// <summary>A sequence has come: fetching may begin while it queues.</summary>
    void Begin(Sequence sequence);

    /// <summary>Whether a sequence that could be admitted does better to wait for its prefix. May begin to fetch it.</summary>
    /// <param name="sequence">Waits for admission.</param>
    /// <param name="cachedTokens">Leading tokens that the prefix cache has.</param>
    bool ShouldWait(Sequence sequence, int cachedTokens);

    /// <summary>Whether its prefix is still on its way.</summary>
    bool IsLoading(Sequence sequence);

    /// <summary>The sequence has its KV blocks: those that were fetched are filled by the step that is being planned.</summary>
    /// <param name="sequence">Just admitted.</param>
    /// <param name="cachedTokens">Leading tokens that the prefix cache had.</param>
    /// <returns>Leading tokens that need not be computed.</returns>
    int Admit(Sequence sequence, int cachedTokens);

    /// <summary>The sequence has left.</summary>
    void Retire(Sequence sequence);
}

/// <summary>Fetches nothing.</summary>
internal sealed class NoPrefixLoads : IPrefixLoads
{
    /// <summary>The one instance.</summary>
    public static NoPrefixLoads Instance { get; } = new();

    /// <inheritdoc/>
    public void Begin(Sequence sequence)
    {
    }

    /// <inheritdoc/>
    public bool ShouldWait(Sequence sequence, int cachedTokens) => false;

    /// <inheritdoc/>
    public bool IsLoading(Sequence sequence) => false;

    /// <inheritdoc/>
    public int Admit(Sequence sequence, int cachedTokens) => cachedTokens;

    /// <inheritdoc/>
    public void Retire(Sequence sequence)
    {
    }
}
