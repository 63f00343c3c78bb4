using XLLM.Silo.Sampling.Processors;

namespace XLLM.Silo.Sampling;

/// <summary>What a request's settings do to logits, in order. Only what was asked for is in it.</summary>
internal sealed class LogitsPipeline
{
    private readonly ILogitsProcessor[] _adjusting;
    private readonly ILogitsProcessor[] _shaping;

    /// <param name="settings">What was asked for.</param>
    public LogitsPipeline(SamplingSettings settings)
    {
        _adjusting =
        [
            .. Where(settings.LogitBias.Count > 0, () => new LogitBias(settings.LogitBias)),
            .. Where(settings.CountsTokens, () => new Penalties(settings.RepetitionPenalty, settings.PresencePenalty, settings.FrequencyPenalty)),
            .. Where(settings.MinTokens > 0 && settings.EndTokens.Count > 0, () => new MinTokens(settings.MinTokens, settings.EndTokens)),
        ];
        _shaping = settings.IsGreedy ? [] :
        [
            .. Where(settings.Temperature != 1, () => new Temperature(settings.Temperature)),
            .. Where(settings.TopK > 0, () => new TopK(settings.TopK)),
            .. Where(settings.TopP < 1, () => new TopP(settings.TopP)),
            .. Where(settings.MinP > 0, () => new MinP(settings.MinP)),
        ];
    }

    /// <summary>Whether <see cref="Adjust"/> changes anything.</summary>
    public bool Adjusts => _adjusting.Length > 0;

    /// <summary>Bias, penalties, forbidden tokens: what changes the distribution that log probabilities speak of.</summary>
    public void Adjust(Span<float> logits, SamplerState state, SamplerScratch scratch) => Apply(_adjusting, logits, state, scratch);

    /// <summary>Temperature, top-k, top-p, min-p: how a token is drawn from that distribution. Nothing for greedy requests.</summary>
    public void Shape(Span<float> logits, SamplerState state, SamplerScratch scratch) => Apply(_shaping, logits, state, scratch);

    private static ILogitsProcessor[] Where(bool wanted, Func<ILogitsProcessor> create) => wanted ? [create()] : [];

    private static void Apply(ILogitsProcessor[] processors, Span<float> logits, SamplerState state, SamplerScratch scratch)
    {
        foreach (var processor in processors)
        {
            processor.Apply(logits, state, scratch);
        }
    }
}
