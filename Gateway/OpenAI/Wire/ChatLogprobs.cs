using System.ComponentModel;
using System.Text.Json.Serialization;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>Log probabilities of an answer's tokens.</summary>
internal sealed record ChatLogprobs
{
    public required TokenLogprobObject[] Content { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    [Description("Always null.")]
    public TokenLogprobObject[]? Refusal { get; init; }
}

/// <summary>A token and its log probability.</summary>
internal sealed record TokenLogprobObject
{
    [Description("Text; U+FFFD where the bytes are not whole characters.")]
    public required string Token { get; init; }

    [Description("Natural logarithm of its probability, at least -9999.")]
    public required float Logprob { get; init; }

    public required int[] Bytes { get; init; }

    [JsonPropertyName("top_logprobs")]
    [Description("The most probable tokens at this position, best first.")]
    public TokenLogprobObject[]? TopLogprobs { get; init; }
}
