using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>Each frequency has its own divisor: how a GGUF file states what Llama 3's scaling comes to.</summary>
/// <param name="Divisors">One for each pair of columns, fastest first; above 0.</param>
internal sealed record FrequencyDivisors(IReadOnlyList<double> Divisors) : RopeScaling
{
    /// <inheritdoc/>
    protected override void Scale(float[] frequencies, double theta)
    {
        if (Divisors.Count != frequencies.Length)
        {
            throw new CheckpointException($"rope_scaling has {Divisors.Count} divisors for {frequencies.Length} frequencies");
        }

        for (var i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = (float)(frequencies[i] / Divisors[i]);
        }
    }
}
