namespace XLLM.Grains.Routing;

/// <summary>What stands between a request and its first token on a replica, in tokens. Pure.</summary>
internal static class ReplicaCost
{
    /// <summary>Tokens that the replica computes first, and those of the prompt that it does not hold.</summary>
    public static long PendingTokens(in ReplicaCandidate candidate, in SelectionRequest request) =>
        (long)candidate.Load.PendingTokens + candidate.RoutedTokens + NewTokens(candidate, request);

    /// <summary>Tokens of the prompt that the replica does not hold, those in its host memory in part. At least 1: the last token is always computed, to have logits.</summary>
    public static long NewTokens(in ReplicaCandidate candidate, in SelectionRequest request) => Math.Max(1, request.PromptTokens - HeldTokens(candidate, request));

    /// <summary>Tokens of the prompt that need not be computed; those that must be loaded from host memory count as <see cref="RoutingOptions.HostCredit"/> says.</summary>
    public static long HeldTokens(in ReplicaCandidate candidate, in SelectionRequest request)
    {
        var loaded = Math.Max(0, candidate.LoadableBlocks - candidate.CachedBlocks) * request.Options.HostCredit;
        return (long)((candidate.CachedBlocks + loaded) * request.BlockTokens);
    }

    /// <summary>Whether the request would run at once; else it waits until an answer there has ended, whatever of it is cached.</summary>
    public static bool HasSlot(in ReplicaCandidate candidate) => candidate.Load.MaxRunningSequences is var most
        && (most == 0 || candidate.Load.RunningSequences + candidate.Load.WaitingSequences + candidate.RoutedSequences < most);

    /// <summary>Orders by that cost; equal ones by fewer sequences, then by more free KV blocks. Negative: <paramref name="left"/> is better.</summary>
    public static int Compare(in ReplicaCandidate left, in ReplicaCandidate right, in SelectionRequest request)
    {
        var tokens = PendingTokens(left, request).CompareTo(PendingTokens(right, request));
        if (tokens != 0)
        {
            return tokens;
        }

        var sequences = (left.Load.RunningSequences + left.Load.WaitingSequences).CompareTo(right.Load.RunningSequences + right.Load.WaitingSequences);
        return sequences != 0 ? sequences : right.Load.FreeBlocks.CompareTo(left.Load.FreeBlocks);
    }

    /// <summary>Why a cache-aware policy chose: "longest prefix" (nobody holds more), "shorter prefix" or "prefix elsewhere" (somebody does, and was too busy), or "no prefix" (nobody holds any).</summary>
    public static string Reason(ReadOnlySpan<ReplicaCandidate> candidates, int chosen)
    {
        var most = 0;
        foreach (ref readonly var candidate in candidates)
        {
            most = Math.Max(most, Math.Max(candidate.CachedBlocks, candidate.LoadableBlocks));
        }

        var own = Math.Max(candidates[chosen].CachedBlocks, candidates[chosen].LoadableBlocks);
        return most == 0 ? "no prefix" : own == most ? "longest prefix" : own > 0 ? "shorter prefix" : "prefix elsewhere";
    }
}
