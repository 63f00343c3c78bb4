using System.ComponentModel;
using System.Text.Json.Serialization;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>Answer of <c>POST /v1/completions</c>, and one event of its stream.</summary>
internal sealed record Completion
{
    public required string Id { get; init; }

    [Description("text_completion")]
    public string Object { get; } = "text_completion";

    public required long Created { get; init; }

    public required string Model { get; init; }

    [JsonPropertyName("system_fingerprint")]
    public string SystemFingerprint { get; } = ServerVersion.Fingerprint;

    public required CompletionChoice[] Choices { get; init; }

    public UsageObject? Usage { get; init; }
}

/// <summary>One answer, or more of it.</summary>
internal sealed record CompletionChoice
{
    public required int Index { get; init; }

    public required string Text { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public CompletionLogprobs? Logprobs { get; init; }

    [JsonPropertyName("finish_reason")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    [Description("stop or length; in a stream, null before the end.")]
    public string? FinishReason { get; init; }

    [JsonPropertyName("stop_reason")]
    [Description("The stop string that ended it, if one did.")]
    public string? StopReason { get; init; }
}

/// <summary>Log probabilities in four lists of the same length.</summary>
internal sealed record CompletionLogprobs
{
    public required IReadOnlyList<string> Tokens { get; init; }

    [JsonPropertyName("token_logprobs")]
    public required IReadOnlyList<float> TokenLogprobs { get; init; }

    [JsonPropertyName("top_logprobs")]
    [Description("Token text to log probability, at each position.")]
    public required IReadOnlyList<Dictionary<string, float>> TopLogprobs { get; init; }

    [JsonPropertyName("text_offset")]
    [Description("UTF-16 units of text before each token.")]
    public required IReadOnlyList<int> TextOffset { get; init; }
}
