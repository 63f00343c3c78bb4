namespace XLLM.Silo.Sampling.Processors;

/// <summary>Makes tokens that are there already less probable, or more.</summary>
/// <param name="repetition">Divides positive and multiplies negative logits of tokens in prompt or output. Source: Keskar et al. 2019, arXiv:1909.05858, section 4.1.</param>
/// <param name="presence">Subtracted from logits of generated tokens. Source, with the next: OpenAI's API reference.</param>
/// <param name="frequency">Subtracted from logits of generated tokens, once per occurrence.</param>
internal sealed class Penalties(float repetition, float presence, float frequency) : ILogitsProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<float> logits, SamplerState state, SamplerScratch scratch)
    {
        var counts = state.Counts!;
        for (var i = 0; i < counts.Count; i++)
        {
            var (token, generated) = counts[i];
            ref var logit = ref logits[token];
            logit = logit > 0 ? logit / repetition : logit * repetition;
            if (generated > 0)
            {
                logit -= presence + (frequency * generated);
            }
        }
    }
}
