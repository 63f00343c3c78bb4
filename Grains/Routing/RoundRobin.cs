namespace XLLM.Grains.Routing;

/// <summary>Each replica in its turn, whatever its load.</summary>
internal sealed class RoundRobin : IReplicaSelector
{
    /// <inheritdoc/>
    public string Name => "round-robin";

    /// <inheritdoc/>
    public Selection Select(ReadOnlySpan<ReplicaCandidate> candidates, in SelectionRequest request) =>
        new((int)((ulong)request.Turn % (ulong)candidates.Length), "its turn");
}
