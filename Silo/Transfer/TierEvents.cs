using XLLM.Grains.Interfaces.Routing;
using XLLM.Silo.KvCache;

namespace XLLM.Silo.Transfer;

/// <summary>Passes the prefix cache's events on: to the feed that tells other silos, and to the tiers.</summary>
/// <param name="feed">Tells which prefixes are here.</param>
/// <param name="copies">Decides what is copied; null: no tiers.</param>
internal sealed class TierEvents(KvChangeFeed feed, TierCopies? copies) : IKvEvents
{
    /// <inheritdoc/>
    public void Stored(PrefixHash hash, int group, KvBlockId block)
    {
        feed.Device(new KvBlockName(hash, group), isStored: true);
        copies?.Stored(new KvBlockName(hash, group));
    }

    /// <inheritdoc/>
    public void Reused(PrefixHash hash, int group) => copies?.Reused(new KvBlockName(hash, group));

    /// <inheritdoc/>
    public void Removed(PrefixHash hash, int group, KvBlockId block)
    {
        feed.Device(new KvBlockName(hash, group), isStored: false);
        copies?.Evicted(new KvBlockName(hash, group), block);
    }
}
