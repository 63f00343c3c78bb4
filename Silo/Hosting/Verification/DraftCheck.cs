using System.Runtime.InteropServices;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>A draft model: the states that it takes, those that it hands on, its logits; the same bits in chunks of any size and in one step with other prompts.</summary>
/// <param name="hidden">Name of the recorded states that it hands on.</param>
/// <param name="logits">Name of its recorded logits.</param>
internal sealed class DraftCheck(string hidden, string logits) : IGoldenCheck
{
    /// <summary>One token is decode; 7 divides no block; 64 is four blocks.</summary>
    private static readonly int[] ChunkTokens = [1, 7, 64];

    /// <inheritdoc/>
    public IReadOnlyList<string> Needs => ["input_ids", "target_hidden", hidden, logits];

    /// <inheritdoc/>
    public CheckResult Run(GoldenCase golden, ModelRunner runner)
    {
        var drafts = runner.Draft ?? throw new InvalidOperationException("no draft model is loaded");
        var prompts = golden.Prompts.Select(prompt => prompt.TokenIds).ToArray();
        var whole = prompts.Max(prompt => prompt.Length);
        var alone = prompts.Select(prompt => drafts.Run([prompt], whole)[0]).ToArray();
        CheckResult[] results =
        [
            Compare("draft input", alone, golden, (run, prompt) => (run.TargetStates, ExpectedStates(prompt, run.TargetStates.Count / prompt.TokenIds.Length))),
            Compare("draft hidden", alone, golden, (run, prompt) => (run.Hidden, prompt.Floats(hidden, prompt.TokenIds.Length - 1, run.Hidden.Count / Math.Max(1, prompt.TokenIds.Length - 1)))),
            Compare("draft logits", alone, golden, (run, prompt) => (run.Logits, prompt.Floats(logits, prompt.TokenIds.Length - 1, drafts.VocabularySize))),
            Invariance(alone, prompts, drafts),
        ];
        return new(results.All(result => result.Passed), string.Join("; ", results.OrderBy(result => result.Passed).Select(result => result.Summary)));
    }

    private static CheckResult Compare(string what, DraftRun[] runs, GoldenCase golden, Func<DraftRun, GoldenPrompt, (List<float> Actual, float[] Expected)> pair)
    {
        var difference = new Difference();
        for (var i = 0; i < runs.Length; i++)
        {
            var (actual, expected) = pair(runs[i], golden.Prompts[i]);
            difference.Add(CollectionsMarshal.AsSpan(actual), expected, $"prompt {golden.Prompts[i].Number}");
        }

        return difference.Within(what, Tolerances.Float32);
    }

    /// <summary>Recorded states; for the draft's input of all tokens or of all but the last, which no guess follows.</summary>
    private static float[] ExpectedStates(GoldenPrompt prompt, int columns)
    {
        const string Name = "target_hidden";
        return prompt.Floats(Name, Math.Clamp(prompt.RowsOf(Name), prompt.TokenIds.Length - 1, prompt.TokenIds.Length), columns);
    }

    private static CheckResult Invariance(DraftRun[] alone, int[][] prompts, DraftRunner drafts)
    {
        foreach (var chunk in ChunkTokens)
        {
            for (var i = 0; i < prompts.Length; i++)
            {
                if (!Same(alone[i], drafts.Run([prompts[i]], chunk)[0]))
                {
                    return new(false, $"draft invariance broken: prompt {i} in chunks of {chunk} differs from the whole");
                }
            }
        }

        var together = drafts.Run(prompts, ChunkTokens[^1]);
        for (var i = 0; i < prompts.Length; i++)
        {
            if (!Same(alone[i], together[i]))
            {
                return new(false, $"draft invariance broken: prompt {i} in one step with the others differs from itself alone");
            }
        }

        return new(true, $"draft invariant bit for bit (chunks of {string.Join(", ", ChunkTokens)}; batch of {prompts.Length})");
    }

    private static bool Same(DraftRun a, DraftRun b) => Same(a.TargetStates, b.TargetStates) && Same(a.Hidden, b.Hidden) && Same(a.Logits, b.Logits);

    /// <summary>Compares bits, not values.</summary>
    private static bool Same(List<float> a, List<float> b) =>
        MemoryMarshal.Cast<float, int>(CollectionsMarshal.AsSpan(a)).SequenceEqual(MemoryMarshal.Cast<float, int>(CollectionsMarshal.AsSpan(b)));
}
