using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Grains.Prefixes;

/// <summary>What this silo knows of the prefixes that replicas hold. Answers from memory within microseconds; thread-safe.</summary>
/// <remarks>A hint: events may be on their way. A wrong answer costs tokens computed again, never a wrong token.</remarks>
internal interface IPrefixView
{
    /// <summary>How much of a prompt's beginning each replica holds.</summary>
    /// <param name="prefix">Hashes of the prompt's full KV blocks, in order. They name the model too (<see cref="PrefixHash.Root"/>).</param>
    /// <param name="replicas">Replicas of that model.</param>
    /// <param name="holdings">As many as <paramref name="replicas"/>; overwritten.</param>
    void Find(ReadOnlySpan<PrefixHash> prefix, ReadOnlySpan<ReplicaKey> replicas, Span<PrefixHolding> holdings);

    /// <summary>Whether a replica lends its KV blocks to others. Where nobody says otherwise, all do.</summary>
    bool Lends(ReplicaKey replica) => true;
}

/// <summary>Leading KV blocks of a prompt that a replica holds, counted from the first without a gap.</summary>
/// <param name="DeviceBlocks">Those that it can use at once.</param>
/// <param name="LoadableBlocks">Those that it can use at once or after loading them from its own host memory; at least <paramref name="DeviceBlocks"/>.</param>
internal readonly record struct PrefixHolding(int DeviceBlocks, int LoadableBlocks);

/// <summary>Knows nothing: every replica holds nothing.</summary>
internal sealed class NoPrefixView : IPrefixView
{
    /// <summary>The one instance.</summary>
    public static NoPrefixView Instance { get; } = new();

    /// <inheritdoc/>
    public void Find(ReadOnlySpan<PrefixHash> prefix, ReadOnlySpan<ReplicaKey> replicas, Span<PrefixHolding> holdings) => holdings.Clear();
}
