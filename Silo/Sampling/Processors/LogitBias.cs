namespace XLLM.Silo.Sampling.Processors;

/// <summary>Adds to the logits of given tokens.</summary>
/// <param name="biases">Token ids in the vocabulary, each with what is added.</param>
internal sealed class LogitBias(IReadOnlyList<KeyValuePair<int, float>> biases) : ILogitsProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<float> logits, SamplerState state, SamplerScratch scratch)
    {
        for (var i = 0; i < biases.Count; i++)
        {
            logits[biases[i].Key] += biases[i].Value;
        }
    }
}
