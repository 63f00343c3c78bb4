using System.ComponentModel;
using System.Text.Json.Serialization;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>Tokens counted; the details are always there, also when 0.</summary>
internal sealed record UsageObject
{
    [JsonPropertyName("prompt_tokens")]
    [Description("Of the prompt, cached ones included; of several answers to one prompt, once.")]
    public required int PromptTokens { get; init; }

    [JsonPropertyName("completion_tokens")]
    [Description("Generated, over all answers.")]
    public required int CompletionTokens { get; init; }

    [JsonPropertyName("total_tokens")]
    public int TotalTokens => PromptTokens + CompletionTokens;

    [JsonPropertyName("prompt_tokens_details")]
    public required PromptTokensDetails PromptTokensDetails { get; init; }

    [JsonPropertyName("completion_tokens_details")]
    public required CompletionTokensDetails CompletionTokensDetails { get; init; }

    /// <summary>The usage of a request: prompts counted once each, generated tokens over all answers.</summary>
    /// <param name="choices">Usage of each answer; those of one prompt lie together.</param>
    /// <param name="choicesPerPrompt">Answers of each prompt. The first one's cached tokens count.</param>
    public static UsageObject Of(IReadOnlyList<Usage> choices, int choicesPerPrompt)
    {
        var prompts = choices.Where((_, i) => i % choicesPerPrompt == 0).ToArray();
        return new()
        {
            PromptTokens = prompts.Sum(usage => usage.PromptTokens),
            CompletionTokens = choices.Sum(usage => usage.GeneratedTokens),
            PromptTokensDetails = new() { CachedTokens = prompts.Sum(usage => usage.CachedTokens) },
            CompletionTokensDetails = new() { ReasoningTokens = choices.Sum(usage => usage.ReasoningTokens) },
        };
    }
}

/// <summary>Of the prompt tokens.</summary>
internal sealed record PromptTokensDetails
{
    [JsonPropertyName("cached_tokens")]
    [Description("Found in the prefix cache.")]
    public required int CachedTokens { get; init; }
}

/// <summary>Of the generated tokens.</summary>
internal sealed record CompletionTokensDetails
{
    [JsonPropertyName("reasoning_tokens")]
    [Description("Inside a reasoning block.")]
    public required int ReasoningTokens { get; init; }
}
