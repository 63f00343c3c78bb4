namespace XLLM.Silo.Sampling.Processors;

/// <summary>Drops tokens whose probability is below a part of the greatest one's. Source: Nguyen et al. 2024, arXiv:2407.01082.</summary>
/// <param name="part">Over 0 to 1.</param>
internal sealed class MinP(float part) : ILogitsProcessor
{
    private readonly float _distance = MathF.Log(part);

    /// <inheritdoc/>
    public void Apply(Span<float> logits, SamplerState state, SamplerScratch scratch) =>
        LogitsMath.MaskBelow(logits, LogitsMath.Max(logits) + _distance);
}
