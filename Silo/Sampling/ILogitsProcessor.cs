namespace XLLM.Silo.Sampling;

/// <summary>Changes a row of logits before a token is drawn from it. One per request and wish; holds the wish, no state.</summary>
internal interface ILogitsProcessor
{
    /// <summary>Changes the row in place.</summary>
    /// <param name="logits">One per token; minus infinity for a token that cannot be drawn. At least one stays finite.</param>
    /// <param name="state">The sequence's tokens so far.</param>
    /// <param name="scratch">Memory to work in; not <see cref="SamplerScratch.Logits"/> and not <see cref="SamplerScratch.Adjusted"/>.</param>
    void Apply(Span<float> logits, SamplerState state, SamplerScratch scratch);
}
