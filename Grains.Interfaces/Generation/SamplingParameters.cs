namespace XLLM.Grains.Interfaces.Generation;

/// <summary>How tokens are drawn. Null means the model's own default (its <c>generation_config.json</c>), then the default named here.</summary>
[GenerateSerializer, Immutable, Alias("xllm.sampling")]
public sealed record SamplingParameters
{
    /// <summary>Divisor of the logits, 0 to 2; 0 is greedy. Default 1 (OpenAI).</summary>
    [Id(0)]
    public float? Temperature { get; init; }

    /// <summary>Keep the most probable tokens whose probabilities sum to at least this, over 0 to 1. Default 1: all.</summary>
    [Id(1)]
    public float? TopP { get; init; }

    /// <summary>Keep this many of the most probable tokens; 0 or -1: all. Default 0.</summary>
    [Id(2)]
    public int? TopK { get; init; }

    /// <summary>Drop tokens less probable than this times the most probable one's probability, 0 to 1. Default 0.</summary>
    [Id(3)]
    public float? MinP { get; init; }

    /// <summary>Divides positive and multiplies negative logits of tokens seen in prompt or output, over 0 to 2. Default 1: none. Source: Keskar et al. 2019, arXiv:1909.05858.</summary>
    [Id(4)]
    public float? RepetitionPenalty { get; init; }

    /// <summary>Subtracted from the logits of tokens already generated, -2 to 2. Default 0.</summary>
    [Id(5)]
    public float? PresencePenalty { get; init; }

    /// <summary>Subtracted from a generated token's logit once per occurrence, -2 to 2. Default 0.</summary>
    [Id(6)]
    public float? FrequencyPenalty { get; init; }

    /// <summary>Added to the logits of these token ids, -100 to 100 each. Default none.</summary>
    [Id(7)]
    public IReadOnlyDictionary<int, float>? LogitBias { get; init; }

    /// <summary>Start of the random stream. The same request with the same seed draws the same tokens, also after a resume. Null: one is drawn per request and travels with it.</summary>
    [Id(8)]
    public long? Seed { get; init; }
}
