using XLLM.Silo.Weights;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>The greedy continuation of every prompt, token for token up to the first near tie.</summary>
internal sealed class GreedyCheck : IGoldenCheck
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Needs => ["greedy", "greedy_margins"];

    /// <inheritdoc/>
    public CheckResult Run(GoldenCase golden, ModelRunner runner)
    {
        var (equal, recorded) = (0, 0);
        foreach (var prompt in golden.Prompts)
        {
            var expected = prompt.Integers("greedy");
            var margins = prompt.Floats("greedy_margins", expected.Length);
            var compared = Array.FindIndex(margins, margin => !(margin >= Tolerances.GreedyMargin)) is var tie and >= 0 ? tie : margins.Length;
            if (prompt.TokenIds.Length + compared > runner.MaxContext)
            {
                throw new CheckpointException($"prompt {prompt.Number} and its {compared} greedy tokens are longer than the model's context of {runner.MaxContext}");
            }

            var actual = runner.ChoosesPositions
                ? Recompute(runner, prompt.TokenIds, compared)
                : Continue(runner, prompt.TokenIds, compared, golden.GreedyBelow, runner.PicturesOf(prompt));
            for (var i = 0; i < compared; i++)
            {
                if (actual[i] != expected[i])
                {
                    return new(false, $"greedy differs at prompt {prompt.Number} token {i}: {actual[i]}, expected {expected[i]} by a margin of {margins[i]}");
                }
            }

            equal += compared;
            recorded += expected.Length;
        }

        return new(true, equal == recorded ? $"greedy {equal} tokens equal" : $"greedy {equal} tokens equal ({recorded - equal} after near ties not compared)");
    }

    /// <summary>Decodes greedily: always the token with the largest logit, the lowest id where several share it.</summary>
    /// <param name="runner">Computes.</param>
    /// <param name="prompt">At least one token.</param>
    /// <param name="tokens">How many to decode.</param>
    /// <param name="below">Only ids below this are chosen; null: all.</param>
    /// <param name="pictures">The prompt's pictures, or null.</param>
    public static IReadOnlyList<int> Continue(ModelRunner runner, ReadOnlyMemory<int> prompt, int tokens, int? below = null, EncodedPictures? pictures = null)
    {
        var decoded = new List<int>();
        var sequence = runner.Start(pictures);
        var next = prompt;
        while (decoded.Count < tokens)
        {
            var logits = runner.Step(sequence, next).AsSpan()[^runner.VocabularySize..];
            decoded.Add(IndexOfLargest(logits[..Math.Min(below ?? logits.Length, logits.Length)]));
            next = new[] { decoded[^1] };
        }

        runner.Release(sequence);
        return decoded;
    }

    /// <summary>As <see cref="Continue"/>, but the whole sequence is computed again for every token, as the reference did.</summary>
    private static List<int> Recompute(ModelRunner runner, ReadOnlyMemory<int> prompt, int tokens)
    {
        int[] sequence = [.. prompt.Span, .. new int[tokens]];
        for (var length = prompt.Length; length < sequence.Length; length++)
        {
            sequence[length] = IndexOfLargest(runner.Recompute(sequence.AsMemory(0, length)).AsSpan()[^runner.VocabularySize..]);
        }

        return [.. sequence[prompt.Length..]];
    }

    private static int IndexOfLargest(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best])
            {
                best = i;
            }
        }

        return best;
    }
}
