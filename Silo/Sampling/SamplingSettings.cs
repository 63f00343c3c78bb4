using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Silo.Sampling;

/// <summary>How one sequence's tokens are drawn: a request's parameters with every gap filled.</summary>
internal sealed record SamplingSettings
{
    /// <summary>Below this a temperature counts as 0: the quotient of two logits would leave the range of a float. Source: the same bound as vLLM's.</summary>
    private const float LeastTemperature = 1e-5f;

    /// <summary>Divisor of the logits; 0: greedy.</summary>
    public float Temperature { get; private init; } = 1;

    /// <summary>Most tokens to keep; 0: all.</summary>
    public int TopK { get; private init; }

    /// <summary>Probability to keep, over 0 to 1.</summary>
    public float TopP { get; private init; } = 1;

    /// <summary>Least probability to keep, as a part of the greatest one; 0 to 1.</summary>
    public float MinP { get; private init; }

    /// <summary>Divides positive and multiplies negative logits of tokens in prompt or output; 1: none.</summary>
    public float RepetitionPenalty { get; private init; } = 1;

    /// <summary>Subtracted from logits of generated tokens.</summary>
    public float PresencePenalty { get; private init; }

    /// <summary>Subtracted from logits of generated tokens, once per occurrence.</summary>
    public float FrequencyPenalty { get; private init; }

    /// <summary>Added to logits: token ids, each with its bias.</summary>
    public IReadOnlyList<KeyValuePair<int, float>> LogitBias { get; private init; } = [];

    /// <summary>Key of the random stream.</summary>
    public ulong Seed { get; private init; }

    /// <summary>Tokens that are not drawn before <see cref="MinTokens"/> are generated.</summary>
    public IReadOnlyList<int> EndTokens { get; private init; } = [];

    /// <summary>See <see cref="EndTokens"/>.</summary>
    public int MinTokens { get; private init; }

    /// <summary>Null: no log probabilities. Else of how many most probable tokens, besides the drawn one.</summary>
    public int? TopLogprobs { get; private init; }

    /// <summary>Whether the most probable token is taken and nothing is drawn.</summary>
    public bool IsGreedy => Temperature == 0;

    /// <summary>Whether logits depend on the tokens that were there before.</summary>
    public bool CountsTokens => RepetitionPenalty != 1 || PresencePenalty != 0 || FrequencyPenalty != 0;

    /// <summary>Fills the gaps of a request with the model's defaults, then with those that <see cref="SamplingParameters"/> names.</summary>
    /// <param name="request">What was asked for; in its documented ranges.</param>
    /// <param name="defaults">The model's own.</param>
    /// <param name="seed">Used where the request has none.</param>
    /// <param name="endTokens">Tokens that <paramref name="minTokens"/> forbids.</param>
    /// <param name="minTokens">Tokens before the first of them may be drawn.</param>
    /// <param name="topLogprobs">See <see cref="TopLogprobs"/>.</param>
    public static SamplingSettings From(
        SamplingParameters request, SamplingParameters defaults, long seed, IReadOnlyList<int> endTokens, int minTokens, int? topLogprobs)
    {
        var temperature = request.Temperature ?? defaults.Temperature ?? 1;
        return new()
        {
            Temperature = temperature < LeastTemperature ? 0 : temperature,
            TopK = Math.Max(0, request.TopK ?? defaults.TopK ?? 0),
            TopP = request.TopP ?? defaults.TopP ?? 1,
            MinP = request.MinP ?? defaults.MinP ?? 0,
            RepetitionPenalty = request.RepetitionPenalty ?? defaults.RepetitionPenalty ?? 1,
            PresencePenalty = request.PresencePenalty ?? defaults.PresencePenalty ?? 0,
            FrequencyPenalty = request.FrequencyPenalty ?? defaults.FrequencyPenalty ?? 0,
            LogitBias = [.. request.LogitBias ?? defaults.LogitBias ?? new Dictionary<int, float>()],
            Seed = unchecked((ulong)(request.Seed ?? seed)),
            EndTokens = endTokens,
            MinTokens = minTokens,
            TopLogprobs = topLogprobs,
        };
    }
}
