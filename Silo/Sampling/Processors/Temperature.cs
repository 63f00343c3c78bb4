namespace XLLM.Silo.Sampling.Processors;

/// <summary>Divides the logits: below 1 the probable become more probable.</summary>
/// <param name="temperature">Over 0.</param>
internal sealed class Temperature(float temperature) : ILogitsProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<float> logits, SamplerState state, SamplerScratch scratch) =>
        LogitsMath.Rescale(logits, LogitsMath.Max(logits), 1 / temperature);     // the greatest becomes 0, so that no quotient overflows
}
