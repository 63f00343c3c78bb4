using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Grains.Ports;

/// <summary>Knows which other silo holds a prefix. Thread-safe; answers from memory.</summary>
public interface IKvPeers
{
    /// <summary>The silo, not this one, that holds the most leading KV blocks of a prompt and lends them; null: none holds any.</summary>
    /// <param name="prefix">Hashes of the prompt's full KV blocks, in order.</param>
    KvPeer? Find(ReadOnlySpan<PrefixHash> prefix);

    /// <summary>A replica of another silo, and how much of the prompt it is known to hold, perhaps nothing; null where it lends no KV blocks.</summary>
    /// <param name="prefix">As above.</param>
    /// <param name="replica">The replica.</param>
    KvPeer? Find(ReadOnlySpan<PrefixHash> prefix, ReplicaKey replica);
}

/// <summary>A silo that lends KV blocks.</summary>
/// <param name="Endpoint">"address:port".</param>
/// <param name="Blocks">Leading KV blocks of the prompt that it holds.</param>
public readonly record struct KvPeer(string Endpoint, int Blocks);
