using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Grains.Ports;

/// <summary>Tells which prefixes a replica can reuse, as they come and go. Thread-safe; read by one publisher.</summary>
public interface IPrefixSource
{
    /// <summary>Where other silos fetch the replica's blocks, "address:port"; null: nowhere.</summary>
    string? PeerEndpoint { get; }

    /// <summary>Takes what has changed since the last call.</summary>
    PrefixChanges Take();
}

/// <summary>Where a replica has a KV block.</summary>
[Flags]
public enum PrefixTiers
{
    /// <summary>Nowhere any more.</summary>
    None = 0,

    /// <summary>In the device pool.</summary>
    Device = 1,

    /// <summary>In its silo's host memory.</summary>
    Host = 2,
}

/// <summary>A prefix, and where the replica has its last block now.</summary>
/// <param name="Hash">The prefix.</param>
/// <param name="Tiers">All places; none: it is gone.</param>
public readonly record struct PrefixChange(PrefixHash Hash, PrefixTiers Tiers);

/// <summary>What has changed.</summary>
/// <param name="IsComplete">These are all prefixes there are: whatever was told before is void. So it is after events were lost.</param>
/// <param name="Changes">Each prefix once.</param>
public sealed record PrefixChanges(bool IsComplete, IReadOnlyList<PrefixChange> Changes);
