namespace XLLM.Simulator.Traces;

/// <summary>What a cache without bounds would find: the most that any policy can reach.</summary>
internal static class IdealHits
{
    /// <summary>Part of all blocks, partly filled ones included, that an earlier request had after the same predecessors. Source of the definition: the traces' own statistics.</summary>
    public static double ByBlock(Trace trace)
    {
        var seen = new HashSet<int>();
        var (hits, blocks) = (0L, 0L);
        foreach (var request in trace.Requests)
        {
            hits += Array.FindIndex(request.Blocks, block => !seen.Contains(block)) is var first and >= 0 ? first : request.Blocks.Length;
            blocks += request.Blocks.Length;
            seen.UnionWith(request.Blocks);
        }

        return (double)hits / blocks;
    }

    /// <summary>Part of all prompt tokens that an engine could take from such a cache: full blocks only, and never a prompt's last token, which must be computed.</summary>
    public static double ByToken(Trace trace)
    {
        if (trace.BlockTokens == 0)
        {
            return 0;
        }

        var seen = new HashSet<int>();
        var (hits, tokens) = (0L, 0L);
        foreach (var request in trace.Requests)
        {
            var known = Array.FindIndex(request.Blocks, block => !seen.Contains(block)) is var first and >= 0 ? first : request.Blocks.Length;
            hits += (long)Math.Min(known, (request.InputTokens - 1) / trace.BlockTokens) * trace.BlockTokens;
            tokens += request.InputTokens;
            seen.UnionWith(request.Blocks);
        }

        return (double)hits / tokens;
    }
}
