using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Ports;

/// <summary>A model's KV blocks outside and inside the device pool, for administration. Thread-safe.</summary>
public interface IKvTiers
{
    /// <summary>Contents and counts of all tiers.</summary>
    Task<KvTierSnapshot> GetSnapshotAsync();

    /// <summary>Forgets all blocks in host memory and grain storage; the device pool's stay until they are evicted. Running loads end with what they have.</summary>
    Task ClearAsync();
}
