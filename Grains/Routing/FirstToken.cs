using System.Buffers;
using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Routing;

/// <summary>The replica with the earliest predicted first token, among those that keep both objectives if there are any; may have a hot prefix copied to it.</summary>
/// <remarks>
/// Where another replica holds much more of the prompt (<see cref="RoutingOptions.CopyThreshold"/> times as much), its KV blocks are taken to be copied: that costs the transfer
/// instead of the prefill, and spreads a prefix that many ask for. Without copying (<see cref="RoutingOptions.CopyTokensPerSecond"/> is 0, or nobody lends) every replica has what it holds itself.
/// Source: Qin et al. 2025, "Mooncake: trading more storage for less computation" (FAST'25), algorithm 1.
/// </remarks>
internal sealed class FirstToken : IReplicaSelector
{
    /// <summary>Stands in until a replica has measured its steps: a row is a row, so fewer tokens come first.</summary>
    private static readonly StepTimeModel Unmeasured = new(0, 1e-3, 0, 0, 0);

    /// <inheritdoc/>
    public string Name => "first-token";

    /// <inheritdoc/>
    public Selection Select(ReadOnlySpan<ReplicaCandidate> candidates, in SelectionRequest request)
    {
        int? holder = null;                             // of the longest prefix that may be copied
        StepTimeModel? measured = null;
        for (var i = 0; i < candidates.Length; i++)
        {
            holder = candidates[i].Lends && candidates[i].CachedBlocks > (holder is { } other ? candidates[other].CachedBlocks : 0) ? i : holder;
            measured ??= candidates[i].Load.StepTimes;
        }

        var rented = ArrayPool<double>.Shared.Rent(2 * candidates.Length);
        var seconds = rented.AsSpan(0, candidates.Length);
        var keeping = rented.AsSpan(candidates.Length, candidates.Length);
        for (var i = 0; i < candidates.Length; i++)
        {
            seconds[i] = Predict(candidates[i], candidates[holder ?? i], measured ?? Unmeasured, request, out _);
            keeping[i] = KeepsUp(candidates[i], request) ? seconds[i] : double.PositiveInfinity;
        }

        // Decoding in time is worth a later first token, but not one that is late itself: a queue that grows there would never end.
        var chosen = LowestCost.Index(keeping, request.Turn);
        if (keeping[chosen] > request.Options.FirstTokenObjective.TotalSeconds)
        {
            chosen = LowestCost.Index(seconds, request.Turn);
        }

        ArrayPool<double>.Shared.Return(rented);
        var predicted = Predict(candidates[chosen], candidates[holder ?? chosen], measured ?? Unmeasured, request, out var copies);
        return new Selection(chosen, copies ? "prefix copied" : ReplicaCost.Reason(candidates, chosen))
        {
            CopyFrom = copies ? holder : null,
            FirstTokenSeconds = measured is null ? null : predicted,
        };
    }

    private static bool KeepsUp(in ReplicaCandidate candidate, in SelectionRequest request) =>
        candidate.Load.StepTimes is not { } model || FirstTokenPrediction.NextToken(model, candidate, request) <= request.Options.NextTokenObjective.TotalSeconds;

    private static double Predict(in ReplicaCandidate candidate, in ReplicaCandidate holder, in StepTimeModel measured, in SelectionRequest request, out bool copies)
    {
        var model = candidate.Load.StepTimes ?? measured;
        var own = ReplicaCost.HeldTokens(candidate, request);
        var computed = FirstTokenPrediction.FirstToken(model, candidate, request, own);
        var held = (long)holder.CachedBlocks * request.BlockTokens;
        copies = false;
        if (request.Options.CopyTokensPerSecond <= 0 || held <= request.Options.CopyThreshold * own)
        {
            return computed;
        }

        // Copied only where that is faster than computing: a short difference is not worth the transfer.
        var copied = ((held - own) / request.Options.CopyTokensPerSecond) + FirstTokenPrediction.FirstToken(model, candidate, request, held);
        copies = copied < computed;
        return Math.Min(copied, computed);
    }
}
