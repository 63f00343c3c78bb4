using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Silo.KvCache;

/// <summary>Hears which prefixes this replica can reuse. Called between steps on the engine's own thread: must return at once and must not throw.</summary>
internal interface IKvEvents
{
    /// <summary>A block can now be found by its hash. Its bytes are complete and stay as they are until <see cref="Removed"/>.</summary>
    void Stored(PrefixHash hash, int group, KvBlockId block);

    /// <summary>A sequence was admitted that shares the block.</summary>
    void Reused(PrefixHash hash, int group)
    {
    }

    /// <summary>It was evicted. The step that is being planned may write it: whoever wants its bytes reads them before that step computes.</summary>
    void Removed(PrefixHash hash, int group, KvBlockId block);
}

/// <summary>Nobody listens.</summary>
internal sealed class NoKvEvents : IKvEvents
{
    /// <summary>The one instance.</summary>
    public static NoKvEvents Instance { get; } = new();

    /// <inheritdoc/>
    public void Stored(PrefixHash hash, int group, KvBlockId block)
    {
    }

    /// <inheritdoc/>
    public void Removed(PrefixHash hash, int group, KvBlockId block)
    {
    }
}
