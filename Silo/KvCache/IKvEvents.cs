using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Silo.KvCache;

/// <summary>Hears which prefixes this replica can reuse. Called between steps on the engine's own thread: must return at once and must not throw.</summary>
internal interface IKvEvents
{
    /// <summary>A block can now be found by its hash.</summary>
    void Stored(PrefixHash hash, int group);

    /// <summary>It was evicted.</summary>
    void Removed(PrefixHash hash, int group);
}

/// <summary>Nobody listens.</summary>
internal sealed class NoKvEvents : IKvEvents
{
    /// <summary>The one instance.</summary>
    public static NoKvEvents Instance { get; } = new();

    /// <inheritdoc/>
    public void Stored(PrefixHash hash, int group)
    {
    }

    /// <inheritdoc/>
    public void Removed(PrefixHash hash, int group)
    {
    }
}
