using XLLM.Grains.Interfaces.Routing;
using XLLM.Silo.KvCache;

namespace XLLM.Silo.Transfer.Peers;

/// <summary>Lends a model's KV blocks. Thread-safe.</summary>
internal interface IPeerLender
{
    /// <summary>These blocks will be asked for: those that are in the device pool alone are copied out.</summary>
    void Prepare(ReadOnlySpan<PrefixHash> hashes, int groups);

    /// <summary>A block as a packet, with a reference for the caller; null if it is not here.</summary>
    Task<HostBlock?> LendAsync(KvBlockName name, CancellationToken cancellationToken);
}
