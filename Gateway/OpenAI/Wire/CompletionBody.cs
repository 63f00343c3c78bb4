using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>Body of <c>POST /v1/completions</c>.</summary>
internal sealed record CompletionBody : GenerationBody
{
    [JsonShape("string", "string[]", "integer[]", "integer[][]")]
    [Description("Text, texts, token ids, or lists of token ids: each is answered n times.")]
    public required JsonElement Prompt { get; init; }

    [Description("Log probabilities of the answer's tokens and of this many most probable ones at each position.")]
    [Range(0, 20)]
    public int? Logprobs { get; init; }

    [Description("Repeat the prompt's text before the answer.")]
    public bool? Echo { get; init; }
}
