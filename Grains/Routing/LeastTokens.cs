namespace XLLM.Grains.Routing;

/// <summary>The replica with the fewest tokens to compute before this request's first one.</summary>
internal sealed class LeastTokens : IReplicaSelector
{
    /// <inheritdoc/>
    public string Name => "least-tokens";

    /// <inheritdoc/>
    public Selection Select(ReadOnlySpan<ReplicaCandidate> candidates, in SelectionRequest request)
    {
        // Equal ones take turns: the search begins at another candidate each time and keeps the first best.
        var start = (int)((ulong)request.Turn % (ulong)candidates.Length);
        var best = start;
        for (var i = 1; i < candidates.Length; i++)
        {
            var next = (start + i) % candidates.Length;
            if (ReplicaCost.Compare(candidates[next], candidates[best], request) < 0)
            {
                best = next;
            }
        }

        return new Selection(best, "least tokens");
    }
}
