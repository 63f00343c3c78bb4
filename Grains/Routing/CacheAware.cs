using System.Buffers;

namespace XLLM.Grains.Routing;

/// <summary>Cache-aware with a linear cost: weight * blocks to prefill + blocks that decode. The lowest wins, or a draw by softmax where the temperature is over 0.</summary>
/// <remarks>
/// Blocks to prefill are those that wait on the replica and those of this prompt that it does not hold; blocks that decode are those that its sequences hold and those of this prompt.
/// Source: NVIDIA Dynamo's design note on its KV router (docs/design-docs/router-design.md, 2026).
/// </remarks>
internal sealed class CacheAware : IReplicaSelector
{
    /// <inheritdoc/>
    public string Name => "cache-aware";

    /// <inheritdoc/>
    public Selection Select(ReadOnlySpan<ReplicaCandidate> candidates, in SelectionRequest request)
    {
        var rented = ArrayPool<double>.Shared.Rent(candidates.Length);
        var costs = rented.AsSpan(0, candidates.Length);
        for (var i = 0; i < candidates.Length; i++)
        {
            costs[i] = Cost(candidates[i], request);
        }

        var chosen = request.Options.Temperature > 0 ? LowestCost.Draw(costs, request.Options.Temperature, request.Draw) : LowestCost.Index(costs, request.Turn);
        ArrayPool<double>.Shared.Return(rented);
        return new Selection(chosen, ReplicaCost.Reason(candidates, chosen));
    }

    /// <summary>The cost, in KV blocks.</summary>
    public static double Cost(in ReplicaCandidate candidate, in SelectionRequest request)
    {
        var prefill = (double)ReplicaCost.PendingTokens(candidate, request) / request.BlockTokens;
        var decode = candidate.Load.UsedBlocks + candidate.RoutedBlocks + ((double)request.PromptTokens / request.BlockTokens);
        return (request.Options.PrefillWeight * prefill) + decode;
    }
}
