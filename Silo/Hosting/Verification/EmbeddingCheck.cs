using System.Runtime.InteropServices;
using XLLM.Silo.Pooling;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>Embeddings, whole and cut to half their size; and that they are the same bits however the prompt is computed.</summary>
internal sealed class EmbeddingCheck : IGoldenCheck
{
    /// <summary>One token is decode; 7 divides no block; 64 is four blocks.</summary>
    private static readonly int[] ChunkTokens = [1, 7, 64];

    /// <inheritdoc/>
    public IReadOnlyList<string> Needs => ["input_ids", "embedding", "embedding_half"];

    /// <inheritdoc/>
    public CheckResult Run(GoldenCase golden, ModelRunner runner)
    {
        var difference = new Difference();
        var together = runner.LastHiddenStates([.. golden.Prompts.Select(prompt => (ReadOnlyMemory<int>)prompt.TokenIds)], int.MaxValue);
        for (var i = 0; i < golden.Prompts.Count; i++)
        {
            var prompt = golden.Prompts[i];
            var alone = runner.LastHiddenStates([prompt.TokenIds], int.MaxValue)[0];
            difference.Add(Pool(alone, alone.Length), prompt.Floats("embedding", alone.Length), $"prompt {prompt.Number}");
            difference.Add(Pool(alone, alone.Length / 2), prompt.Floats("embedding_half", alone.Length / 2), $"half of prompt {prompt.Number}");
            if (!SameBits(alone, together[i]))
            {
                return new(false, $"invariance broken: the embedding of prompt {prompt.Number} in one step with the others differs from itself alone");
            }

            foreach (var chunk in ChunkTokens)
            {
                if (!SameBits(alone, runner.LastHiddenStates([prompt.TokenIds], chunk)[0]))
                {
                    return new(false, $"invariance broken: the embedding of prompt {prompt.Number} in chunks of {chunk} differs from the whole");
                }
            }
        }

        var result = difference.Within("embeddings", Tolerances.Float32);
        return result with { Summary = $"{result.Summary}; invariant bit for bit (chunks of {string.Join(", ", ChunkTokens)}; batch of {golden.Prompts.Count})" };
    }

    private static float[] Pool(float[] hidden, int dimensions)
    {
        var pooler = new EmbeddingPooler(dimensions, normalizes: true);
        return pooler.Pool(hidden) is { } fault ? throw new ArgumentException(fault, nameof(hidden)) : pooler.Result;
    }

    private static bool SameBits(float[] a, float[] b) => MemoryMarshal.AsBytes(a.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(b.AsSpan()));
}
