namespace XLLM.Silo.Sampling.Processors;

/// <summary>Forbids tokens that would end the generation too early.</summary>
/// <param name="minTokens">Tokens that must be generated first.</param>
/// <param name="endTokens">The forbidden tokens, in the vocabulary.</param>
internal sealed class MinTokens(int minTokens, IReadOnlyList<int> endTokens) : ILogitsProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<float> logits, SamplerState state, SamplerScratch scratch)
    {
        if (state.GeneratedTokens < minTokens)
        {
            for (var i = 0; i < endTokens.Count; i++)
            {
                logits[endTokens[i]] = float.NegativeInfinity;
            }
        }
    }
}
