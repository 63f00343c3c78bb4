namespace XLLM.Silo.Sampling.Processors;

/// <summary>Keeps the most probable tokens; of equals, the lower ids.</summary>
/// <param name="count">How many, at least 1.</param>
internal sealed class TopK(int count) : ILogitsProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<float> logits, SamplerState state, SamplerScratch scratch)
    {
        if (count >= logits.Length)
        {
            return;
        }

        var tokens = scratch.Tokens[..count];
        var values = scratch.Values[..count];
        TopTokens.Select(logits, tokens, values);
        Cut.KeepDownTo(logits, values[0], tokens[0]);
    }
}
