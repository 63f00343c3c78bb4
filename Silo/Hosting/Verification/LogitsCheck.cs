namespace XLLM.Silo.Hosting.Verification;

/// <summary>The logits of every position of every prompt.</summary>
internal sealed class LogitsCheck : IGoldenCheck
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Needs => ["input_ids", "logits"];

    /// <inheritdoc/>
    public CheckResult Run(GoldenCase golden, ModelRunner runner)
    {
        var difference = new Difference();
        foreach (var prompt in golden.Prompts)
        {
            var vocabulary = runner.VocabularySize;
            var expected = prompt.Floats("logits", prompt.TokenIds.Length, vocabulary);
            var actual = runner.Recompute(prompt.TokenIds, pictures: runner.PicturesOf(prompt));
            for (var position = 0; position < prompt.TokenIds.Length; position++)
            {
                var row = position * vocabulary;
                difference.Add(actual.AsSpan(row, vocabulary), expected.AsSpan(row, vocabulary), $"prompt {prompt.Number} position {position}");
            }
        }

        var result = difference.Within("logits", Tolerances.Float32);
        return runner.Ties == 0 ? result : result with { Summary = $"{result.Summary} ({runner.Ties} times with the reference's choice among equal index scores)" };
    }
}
