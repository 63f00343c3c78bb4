using System.Runtime.InteropServices;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>What the vision encoder makes of the recorded pixel values, for the decoder's input and its first layers, and the rotary positions of the prompt.</summary>
internal sealed class PicturesCheck : IGoldenCheck
{
    private const string Deep = "deepstack_embeds.";

    /// <inheritdoc/>
    public IReadOnlyList<string> Needs => ["pixel_values", "image_grid_thw", "image_embeds", "position_ids"];

    /// <inheritdoc/>
    public bool LooksAt(string recorded) => Needs.Contains(recorded) || recorded.StartsWith(Deep, StringComparison.Ordinal) || recorded == "mm_token_type_ids";

    /// <inheritdoc/>
    public CheckResult Run(GoldenCase golden, ModelRunner runner)
    {
        var difference = new Difference();
        foreach (var prompt in golden.Prompts.Where(prompt => prompt.Has("pixel_values")))
        {
            var pictures = runner.PicturesOf(prompt)!;
            var hidden = prompt.Columns("image_embeds");
            for (var part = 0; part < pictures.Columns / hidden; part++)
            {
                Compare(difference, prompt, pictures, part == 0 ? "image_embeds" : $"{Deep}{part - 1}", part * hidden, hidden);
            }

            if (pictures.Columns % hidden != 0 || prompt.Has($"{Deep}{(pictures.Columns / hidden) - 1}"))
            {
                return new(false, $"pictures: the encoder makes {pictures.Columns} columns of the decoder's {hidden}; more parts are recorded");
            }

            if (FaultOfPlaces(prompt, pictures, runner) is { } fault)
            {
                return new(false, fault);
            }

            var again = runner.Encode(prompt, prompt.Floats("pixel_values"), prompt.Grids());
            if (!MemoryMarshal.Cast<float, int>(again.Embeddings).SequenceEqual(MemoryMarshal.Cast<float, int>(pictures.Embeddings)))
            {
                return new(false, $"pictures: prompt {prompt.Number} encoded again gives other bits");
            }
        }

        return difference.Within("pictures", Tolerances.Float32);
    }

    private static void Compare(Difference difference, GoldenPrompt prompt, EncodedPictures pictures, string what, int first, int hidden)
    {
        var tokens = pictures.Embeddings.Length / pictures.Columns;
        var expected = prompt.Floats(what, tokens, hidden);
        for (var token = 0; token < tokens; token++)
        {
            var actual = pictures.Embeddings.AsSpan((token * pictures.Columns) + first, hidden);
            difference.Add(actual, expected.AsSpan(token * hidden, hidden), $"prompt {prompt.Number} {what} token {token}");
        }
    }

    private static string? FaultOfPlaces(GoldenPrompt prompt, EncodedPictures pictures, ModelRunner runner)
    {
        var tokens = prompt.TokenIds.Length;
        var positions = prompt.Integers("position_ids", 3, tokens);
        var same = positions.AsSpan().CommonPrefixLength(pictures.Positions.All);
        if (same != positions.Length)
        {
            return $"positions: prompt {prompt.Number} axis {same / tokens} token {same % tokens} is {pictures.Positions.All[same]}, expected {positions[same]}";
        }

        if (!prompt.Has("mm_token_type_ids"))
        {
            return null;
        }

        var types = prompt.Integers("mm_token_type_ids", 1, tokens);
        var wrong = Enumerable.Range(0, tokens).FirstOrDefault(token => types[token] != (prompt.TokenIds[token] == runner.PictureToken ? 1 : 0), -1);
        return wrong < 0 ? null : $"positions: prompt {prompt.Number} token {wrong} is of kind {types[wrong]}, but is {prompt.TokenIds[wrong]}";
    }
}
