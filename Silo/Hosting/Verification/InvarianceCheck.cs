using System.Runtime.InteropServices;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>Batch invariance (decision D2): a prompt's logits are the same bits alone, in chunks of any size, and in one step with the other prompts.</summary>
internal sealed class InvarianceCheck : IGoldenCheck
{
    /// <summary>One token is decode; 7 divides no block; 64 is four blocks.</summary>
    private static readonly int[] ChunkTokens = [1, 7, 64];

    /// <inheritdoc/>
    public IReadOnlyList<string> Needs => ["input_ids", "logits"];

    /// <inheritdoc/>
    public CheckResult Run(GoldenCase golden, ModelRunner runner)
    {
        var alone = golden.Prompts.Select(prompt => InChunks(runner, prompt, prompt.TokenIds.Length)).ToArray();
        foreach (var chunk in ChunkTokens)
        {
            for (var i = 0; i < alone.Length; i++)
            {
                if (FirstDifferent(alone[i], InChunks(runner, golden.Prompts[i], chunk), runner.VocabularySize) is { } where)
                {
                    return new(false, $"invariance broken: prompt {golden.Prompts[i].Number} in chunks of {chunk} differs from the whole at {where}");
                }
            }
        }

        var together = Together(golden, runner);
        for (var i = 0; i < alone.Length; i++)
        {
            if (FirstDifferent(alone[i], together[i], runner.VocabularySize) is { } where)
            {
                return new(false, $"invariance broken: prompt {golden.Prompts[i].Number} in one step with the others differs from itself alone at {where}");
            }
        }

        return new(true, $"invariant bit for bit (chunks of {string.Join(", ", ChunkTokens)}; batch of {alone.Length})");
    }

    private static float[] InChunks(ModelRunner runner, GoldenPrompt prompt, int chunk)
    {
        var (logits, tokenIds) = (new List<float>(), prompt.TokenIds.AsMemory());
        var sequence = runner.Start(runner.PicturesOf(prompt));
        for (var start = 0; start < tokenIds.Length; start += chunk)
        {
            logits.AddRange(runner.Step(sequence, tokenIds.Slice(start, Math.Min(chunk, tokenIds.Length - start))));
        }

        runner.Release(sequence);
        return [.. logits];
    }

    private static float[][] Together(GoldenCase golden, ModelRunner runner)
    {
        var grants = golden.Prompts.Select(prompt => new RunnerGrant(runner.Start(runner.PicturesOf(prompt)), prompt.TokenIds)).ToArray();
        var logits = runner.Step(grants);
        var parts = new float[grants.Length][];
        var start = 0;
        for (var i = 0; i < grants.Length; i++)
        {
            var length = grants[i].TokenIds.Length * runner.VocabularySize;
            parts[i] = logits[start..(start + length)];
            start += length;
            runner.Release(grants[i].Sequence);
        }

        return parts;
    }

    /// <summary>Compares bits, not values: 0 and -0 differ, NaN equals itself.</summary>
    private static string? FirstDifferent(float[] expected, float[] actual, int columns)
    {
        var same = MemoryMarshal.Cast<float, int>(expected).CommonPrefixLength(MemoryMarshal.Cast<float, int>(actual));
        return same == expected.Length && same == actual.Length ? null : $"position {same / columns} column {same % columns}: {actual[same]:R}, not {expected[same]:R}";
    }
}
