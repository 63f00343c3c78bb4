using XLLM.Grains.Interfaces.Routing;
using XLLM.Simulator.Traces;

namespace XLLM.Simulator.Replicas;

/// <summary>Tokens for requests of which only lengths and block names are known: equal names give equal tokens, hence equal prefix hashes.</summary>
internal static class PromptTokens
{
    /// <summary>Parent of every prompt's first block.</summary>
    public static readonly PrefixHash Root = PrefixHash.Root("simulated", null);

    /// <summary>The prompt.</summary>
    /// <param name="request">The request.</param>
    /// <param name="blockTokens">Tokens that a name stands for; 0: the first name stands for all of them.</param>
    public static int[] Of(TraceRequest request, int blockTokens)
    {
        var tokens = new int[request.InputTokens];
        var size = blockTokens == 0 ? tokens.Length : blockTokens;
        for (var start = 0; start < tokens.Length; start += size)
        {
            // Placeholder is -1 and names may be negative, so they are moved apart by a bit that neither has.
            var name = request.Blocks[Math.Min(start / size, request.Blocks.Length - 1)];
            tokens.AsSpan(start, Math.Min(size, tokens.Length - start)).Fill(name & ~(1 << 30));
        }

        return tokens;
    }

    /// <summary>A generated token: no prompt has it.</summary>
    public static int Drawn(int number) => number | (1 << 30);
}
