using System.Globalization;
using XLLM.Silo.Vision;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>The whole way from the picture files beside the checkpoint: their pixel values against the recorded ones, and the logits that come of them.</summary>
/// <remarks>Bounds of the README beside the golden cases: 0.01 on the mean of pixel values, and for logits ten times what an engine in bfloat16 may differ by.</remarks>
internal sealed class PixelsCheck : IGoldenCheck
{
    private const double PixelTolerance = 0.01;

    /// <inheritdoc/>
    public IReadOnlyList<string> Needs => ["pixel_values", "image_grid_thw", "logits"];

    /// <inheritdoc/>
    public CheckResult Run(GoldenCase golden, ModelRunner runner)
    {
        PictureProcessor processor;
        try
        {
            processor = new PictureProcessor(PictureProcessorConfigReader.Read(golden.Folder), new PictureOptions());
        }
        catch (PictureConfigException exception)
        {
            return new(false, $"pixels: {exception.Message}");
        }

        var (pixels, worst, bound, file) = (0.0, 0.0, 0.0, 0);
        foreach (var prompt in golden.Prompts.Where(prompt => prompt.Has("pixel_values")))
        {
            var grids = prompt.Grids();
            ProcessedPicture[] pictures = [.. grids.Select(_ => processor.Process(File.ReadAllBytes(Path.Combine(golden.Folder, string.Create(CultureInfo.InvariantCulture, $"picture{file++}.png")))))];
            if (!pictures.Select(picture => picture.Grid).SequenceEqual(grids))
            {
                return new(false, $"pixels: prompt {prompt.Number} has pictures of {string.Join(", ", pictures.Select(picture => picture.Grid))}, expected {string.Join(", ", grids)}");
            }

            float[] values = [.. pictures.SelectMany(picture => picture.PixelValues)];
            pixels = Math.Max(pixels, MeanDifference(values, prompt.Floats("pixel_values")));
            var logits = runner.Recompute(prompt.TokenIds, pictures: runner.Encode(prompt, values, grids));
            worst = Math.Max(worst, RootMeanSquare(logits, prompt.Floats("logits", prompt.TokenIds.Length, runner.VocabularySize)));
            bound = Math.Max(bound, 10 * ((1.5 * BfloatCost(golden, prompt.Number)) + 0.01));
        }

        var summary = string.Create(CultureInfo.InvariantCulture, $"own pixels {pixels:0.0e0} of {PixelTolerance:0e0}, logits rms {worst:0.0e0} of {bound:0.0e0}");
        return new(pixels <= PixelTolerance && worst <= bound, summary);
    }

    /// <summary>What bfloat16 costs the reference's logits; 0 where the case does not say: then only the fixed part of the bound is left.</summary>
    private static double BfloatCost(GoldenCase golden, int prompt) => golden.About?.Sections("prompts") is { } prompts && prompt < prompts.Count
        ? prompts[prompt].OptionalNumber("bf16_rms", 0, double.MaxValue) ?? 0
        : 0;

    private static double MeanDifference(float[] actual, float[] expected) => actual.Length == expected.Length
        ? actual.Zip(expected, (a, b) => Math.Abs((double)a - b)).Average()
        : throw new CheckpointException($"our pixel values are {actual.Length}, the recorded ones {expected.Length}");

    private static double RootMeanSquare(float[] actual, float[] expected) => Math.Sqrt(actual.Zip(expected, (a, b) => ((double)a - b) * ((double)a - b)).Average());
}
