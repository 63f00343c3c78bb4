using System.ComponentModel;
using System.Text.Json.Serialization;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>Tokens counted where nothing is generated.</summary>
internal sealed record PooledUsage
{
    [JsonPropertyName("prompt_tokens")]
    [Description("Of all inputs, cached ones included.")]
    public required int PromptTokens { get; init; }

    [JsonPropertyName("total_tokens")]
    public int TotalTokens => PromptTokens;

    [JsonPropertyName("prompt_tokens_details")]
    public required PromptTokensDetails PromptTokensDetails { get; init; }

    /// <summary>The usage of a request.</summary>
    public static PooledUsage Of(IEnumerable<Usage> inputs)
    {
        var (prompt, cached) = inputs.Aggregate((0, 0), (sum, usage) => (sum.Item1 + usage.PromptTokens, sum.Item2 + usage.CachedTokens));
        return new() { PromptTokens = prompt, PromptTokensDetails = new() { CachedTokens = cached } };
    }
}
