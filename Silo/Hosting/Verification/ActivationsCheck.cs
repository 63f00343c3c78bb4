namespace XLLM.Silo.Hosting.Verification;

/// <summary>Quantized cases whose reference also rounds the layers' inputs. Here activations stay F32, so the logits are held against the reference that rounds weights alone.</summary>
/// <remarks>The bound is the one that the golden cases state for engines that round otherwise: 1.5 times what rounding the inputs costs the reference, + 0.01.</remarks>
internal sealed class ActivationsCheck : IGoldenCheck
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Needs => ["input_ids", "logits", "logits_activations"];

    /// <inheritdoc/>
    public CheckResult Run(GoldenCase golden, ModelRunner runner)
    {
        var (worst, bound) = (0.0, 0.0);
        foreach (var prompt in golden.Prompts)
        {
            var sequence = runner.Start();
            var actual = runner.Step(sequence, prompt.TokenIds);
            runner.Release(sequence);
            var weights = prompt.Floats("logits", prompt.TokenIds.Length, runner.VocabularySize);
            var activations = prompt.Floats("logits_activations", prompt.TokenIds.Length, runner.VocabularySize);
            var (difference, most) = (RootMeanSquare(actual, weights), (1.5 * RootMeanSquare(activations, weights)) + 0.01);
            if (!(difference <= most))
            {
                return new(false, $"activations in F32: logits of prompt {prompt.Number} are {difference:E1} (rms) from the reference with rounded weights, more than {most:E1}");
            }

            (worst, bound) = (Math.Max(worst, difference), Math.Max(bound, most));
        }

        return new(true, $"weights rounded, activations in F32: rms {worst:E1} of {bound:E1}");
    }

    private static double RootMeanSquare(float[] a, float[] b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            var difference = (double)a[i] - b[i];
            sum += difference * difference;
        }

        return Math.Sqrt(sum / a.Length);
    }
}
