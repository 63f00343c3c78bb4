using XLLM.Silo.Pooling;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>Scores of a reranker; which tokens decide them stands beside the case.</summary>
internal sealed class ScoreCheck : IGoldenCheck
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Needs => ["input_ids", "score"];

    /// <inheritdoc/>
    public CheckResult Run(GoldenCase golden, ModelRunner runner)
    {
        var about = golden.About ?? throw new CheckpointException($"{golden.Folder}: no about.json, which names the tokens that decide the scores");
        var (yes, no) = (about.Integer("yes_token", most: runner.VocabularySize - 1), about.Integer("no_token", most: runner.VocabularySize - 1));
        var difference = new Difference();
        foreach (var prompt in golden.Prompts)
        {
            var sequence = runner.Start();
            var logits = runner.Step(sequence, prompt.TokenIds);
            runner.Release(sequence);
            var pooler = new ScorePooler(yes, no);
            if (pooler.Pool(logits.AsSpan(logits.Length - runner.VocabularySize)) is { } fault)
            {
                return new(false, $"scores: prompt {prompt.Number}: {fault}");
            }

            difference.Add(pooler.Result, prompt.Floats("score", 1), $"prompt {prompt.Number}");
        }

        return difference.Within("scores", Tolerances.Float32);
    }
}
