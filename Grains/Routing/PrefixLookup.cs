using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Grains.Routing;

/// <summary>How many leading KV blocks of a prompt each replica holds. Answers in microseconds, from what this silo has heard.</summary>
/// <param name="prefix">Hashes of the prompt's full KV blocks, in order.</param>
/// <param name="replicas">Replicas of one model.</param>
/// <param name="blocks">Gets the answer for each of <paramref name="replicas"/>: consecutive blocks from the first, or <see cref="PrefixLookups.Unknown"/>.</param>
internal delegate void PrefixLookup(ReadOnlySpan<PrefixHash> prefix, ReadOnlySpan<ReplicaKey> replicas, Span<int> blocks);

/// <summary>Words of <see cref="PrefixLookup"/>.</summary>
internal static class PrefixLookups
{
    /// <summary>The replica was never heard of: it may hold anything.</summary>
    public const int Unknown = -1;
}
