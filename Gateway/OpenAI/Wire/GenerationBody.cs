using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>The fields that both generating endpoints take. Documentation of the wire: <see cref="Requests.RequestParser"/> reads the JSON itself, to name every fault at once; a test compares the two.</summary>
internal abstract record GenerationBody
{
    [Description("Name of a served model, as GET /v1/models lists it.")]
    public required string Model { get; init; }

    [Description("Send the answer as server-sent events while it is generated.")]
    public bool? Stream { get; init; }

    [JsonPropertyName("stream_options")]
    public StreamOptions? StreamOptions { get; init; }

    [Description("Answers wanted.")]
    [Range(1, 1024)]
    public int? N { get; init; }

    [Description("Divisor of the logits; 0 is greedy.")]
    [Range(0.0, 2.0)]
    public float? Temperature { get; init; }

    [JsonPropertyName("top_p")]
    [Description("Keep the most probable tokens whose probabilities sum to at least this; above 0.")]
    [Range(0.0, 1.0)]
    public float? TopP { get; init; }

    [JsonPropertyName("top_k")]
    [Description("Keep this many of the most probable tokens; 0 or -1: all.")]
    public int? TopK { get; init; }

    [JsonPropertyName("min_p")]
    [Description("Drop tokens less probable than this times the most probable one.")]
    [Range(0.0, 1.0)]
    public float? MinP { get; init; }

    [JsonPropertyName("repetition_penalty")]
    [Description("Divides positive and multiplies negative logits of tokens seen in prompt or answer; above 0.")]
    [Range(0.0, 2.0)]
    public float? RepetitionPenalty { get; init; }

    [JsonPropertyName("presence_penalty")]
    [Description("Subtracted from the logits of tokens already generated.")]
    [Range(-2.0, 2.0)]
    public float? PresencePenalty { get; init; }

    [JsonPropertyName("frequency_penalty")]
    [Description("Subtracted from a generated token's logit once per occurrence.")]
    [Range(-2.0, 2.0)]
    public float? FrequencyPenalty { get; init; }

    [JsonPropertyName("logit_bias")]
    [Description("Token id to a number from -100 to 100 that is added to its logit.")]
    public Dictionary<string, float>? LogitBias { get; init; }

    [Description("The same request with the same seed draws the same tokens. Answer i of several has seed + i.")]
    public long? Seed { get; init; }

    [JsonShape("string", "string[]")]
    [Description("Texts that end the answer wherever they appear, also across tokens; not part of it.")]
    public JsonElement? Stop { get; init; }

    [JsonPropertyName("stop_token_ids")]
    [Description("Token ids that end the answer besides the model's own.")]
    public int[]? StopTokenIds { get; init; }

    [JsonPropertyName("include_stop_str_in_output")]
    [Description("Keep the stop string in the answer.")]
    public bool? IncludeStopStrInOutput { get; init; }

    [JsonPropertyName("ignore_eos")]
    [Description("Go on past the model's end tokens.")]
    public bool? IgnoreEos { get; init; }

    [JsonPropertyName("min_tokens")]
    [Description("Neither end tokens nor stop strings end the answer before this many tokens.")]
    [Range(0, int.MaxValue)]
    public int? MinTokens { get; init; }

    [JsonPropertyName("max_tokens")]
    [Description("Most tokens to generate.")]
    [Range(1, int.MaxValue)]
    public int? MaxTokens { get; init; }

    [Description("Lower is earlier.")]
    public int? Priority { get; init; }

    [JsonPropertyName("cache_salt")]
    [Description("Requests with different salts share no cached prefixes.")]
    [StringLength(1024, MinimumLength = 1)]
    public string? CacheSalt { get; init; }

    [Description("Ignored.")]
    public string? User { get; init; }
}

/// <summary>What a stream has besides the answer.</summary>
internal sealed record StreamOptions
{
    [JsonPropertyName("include_usage")]
    [Description("End with a chunk that has the usage and no choices.")]
    public bool? IncludeUsage { get; init; }

    [JsonPropertyName("continuous_usage_stats")]
    [Description("Every chunk has the usage so far. Completions only.")]
    public bool? ContinuousUsageStats { get; init; }
}
