namespace XLLM.Silo.Hosting.Verification;

/// <summary>The input of every layer and the output of the final norm, for the prompts that have them: tells which layer went wrong.</summary>
internal sealed class HiddenStatesCheck : IGoldenCheck
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Needs => ["hidden_states"];

    /// <inheritdoc/>
    public CheckResult Run(GoldenCase golden, ModelRunner runner)
    {
        var difference = new Difference();
        foreach (var prompt in golden.Prompts.Where(prompt => prompt.Has("hidden_states")))
        {
            var seen = new List<float[]>();
            runner.Recompute(
                prompt.TokenIds,
                (layer, states) =>
                {
                    if (layer == seen.Count)
                    {
                        seen.Add(states);
                    }
                },
                runner.PicturesOf(prompt));

            var tokens = prompt.TokenIds.Length;
            var hidden = seen[0].Length / tokens;
            var expected = prompt.Floats("hidden_states", seen.Count, tokens, hidden);
            for (var layer = 0; layer < seen.Count; layer++)
            {
                for (var position = 0; position < tokens; position++)
                {
                    var actual = seen[layer].AsSpan(position * hidden, hidden);
                    difference.Add(actual, expected.AsSpan(((layer * tokens) + position) * hidden, hidden), $"prompt {prompt.Number} layer {layer} position {position}");
                }
            }
        }

        return difference.Within("hidden", Tolerances.Float32);
    }
}
