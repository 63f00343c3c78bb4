using System.Buffers;

namespace XLLM.Grains.Routing;

/// <summary>Cache-aware without a weight: tokens to compute before the first one, times sequences. A factor on either changes no order, so there is nothing to tune.</summary>
/// <remarks>
/// Tokens that wait on the replica count besides the prompt's own: without them a replica that holds the whole prompt wins however long its queue is.
/// A replica that runs as many sequences as it may comes after all that do not: there the first token waits for a whole answer to end, which the product does not see.
/// Source: Zhang et al. 2026, "Simple is better: multiplication may be all you need for LLM request scheduling" (LMetric), arXiv:2603.15202.
/// </remarks>
internal sealed class CacheProduct : IReplicaSelector
{
    /// <summary>More than any product: 2^31 tokens times 2^16 sequences.</summary>
    private const double NoSlot = 1L << 48;

    /// <inheritdoc/>
    public string Name => "cache-product";

    /// <inheritdoc/>
    public Selection Select(ReadOnlySpan<ReplicaCandidate> candidates, in SelectionRequest request)
    {
        var rented = ArrayPool<double>.Shared.Rent(candidates.Length);
        var costs = rented.AsSpan(0, candidates.Length);
        for (var i = 0; i < candidates.Length; i++)
        {
            costs[i] = Cost(candidates[i], request);
        }

        var chosen = LowestCost.Index(costs, request.Turn);
        ArrayPool<double>.Shared.Return(rented);
        return new Selection(chosen, ReplicaCost.Reason(candidates, chosen));
    }

    /// <summary>The product, in tokens * sequences. Both factors count this request, so neither is 0. Without a slot: more than any product.</summary>
    public static double Cost(in ReplicaCandidate candidate, in SelectionRequest request)
    {
        var load = candidate.Load;
        var product = (double)Math.Max(1, ReplicaCost.PendingTokens(candidate, request)) * (load.RunningSequences + load.WaitingSequences + candidate.RoutedSequences + 1);
        return ReplicaCost.HasSlot(candidate) ? product : NoSlot + product;
    }
}
