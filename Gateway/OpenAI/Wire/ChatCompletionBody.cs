using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>Body of <c>POST /v1/chat/completions</c>.</summary>
internal sealed record ChatCompletionBody : GenerationBody
{
    [Description("The conversation, oldest first; with session_id only what is new.")]
    [MinLength(1)]
    public required ChatMessageBody[] Messages { get; init; }

    [JsonPropertyName("session_id")]
    [Description("A durable conversation to continue or begin: the server keeps its messages.")]
    [RegularExpression("^[A-Za-z0-9._:-]{1,128}$")]
    public string? SessionId { get; init; }

    [JsonPropertyName("max_completion_tokens")]
    [Description("Most tokens to generate; counts before max_tokens.")]
    [Range(1, int.MaxValue)]
    public int? MaxCompletionTokens { get; init; }

    [Description("Log probabilities of the answer's tokens.")]
    public bool? Logprobs { get; init; }

    [JsonPropertyName("top_logprobs")]
    [Description("And of this many most probable ones at each position.")]
    [Range(0, 20)]
    public int? TopLogprobs { get; init; }

    [Description("Functions that the model may call.")]
    public ToolBody[]? Tools { get; init; }

    [JsonPropertyName("tool_choice")]
    [JsonShape("string", "object")]
    [Description("auto, none, required, or {\"type\":\"function\",\"function\":{\"name\":...}}. Default auto.")]
    public JsonElement? ToolChoice { get; init; }

    [JsonPropertyName("parallel_tool_calls")]
    [Description("False: at most one call in an answer.")]
    public bool? ParallelToolCalls { get; init; }

    [JsonPropertyName("response_format")]
    [Description("Only type text is served.")]
    public ResponseFormatBody? ResponseFormat { get; init; }

    [JsonPropertyName("reasoning_effort")]
    [Description("Handed to the model's chat template: none, minimal, low, medium, high, xhigh or max.")]
    public string? ReasoningEffort { get; init; }

    [JsonPropertyName("chat_template_kwargs")]
    [JsonShape("object")]
    [Description("Further variables for the model's chat template, such as enable_thinking.")]
    public JsonElement? ChatTemplateKwargs { get; init; }

    [JsonPropertyName("continue_final_message")]
    [Description("Go on with the last message, which is the assistant's, instead of beginning an answer.")]
    public bool? ContinueFinalMessage { get; init; }

    [JsonPropertyName("add_generation_prompt")]
    [Description("False only together with continue_final_message.")]
    public bool? AddGenerationPrompt { get; init; }

    [Description("Only text is served.")]
    public string[]? Modalities { get; init; }

    [JsonShape("object")]
    [Description("Ignored.")]
    public JsonElement? Metadata { get; init; }

    [Description("Ignored: durable conversations have a session_id.")]
    public bool? Store { get; init; }
}

/// <summary>A message of a conversation.</summary>
internal sealed record ChatMessageBody
{
    [Description("system, developer, user, assistant or tool.")]
    public required string Role { get; init; }

    [JsonShape("string", "object[]")]
    [Description("Text, or parts {\"type\":\"text\",\"text\":...}. May be missing where an assistant message calls tools.")]
    public JsonElement? Content { get; init; }

    [Description("Name of the participant.")]
    public string? Name { get; init; }

    [JsonPropertyName("tool_calls")]
    [Description("Calls that an assistant message made.")]
    public ToolCallObject[]? ToolCalls { get; init; }

    [JsonPropertyName("tool_call_id")]
    [Description("The call that a tool message answers.")]
    public string? ToolCallId { get; init; }

    [JsonPropertyName("reasoning_content")]
    [Description("What an assistant message thought; reasoning is another name for it.")]
    public string? ReasoningContent { get; init; }

    public string? Reasoning { get; init; }
}

/// <summary>A tool that the model may call.</summary>
internal sealed record ToolBody
{
    [Description("function.")]
    public required string Type { get; init; }

    public required FunctionBody Function { get; init; }
}

/// <summary>A function that the model may call.</summary>
internal sealed record FunctionBody
{
    [StringLength(256, MinimumLength = 1)]
    public required string Name { get; init; }

    public string? Description { get; init; }

    [JsonShape("object")]
    [Description("JSON schema of the arguments.")]
    public JsonElement? Parameters { get; init; }

    public bool? Strict { get; init; }
}

/// <summary>The form of the answer.</summary>
internal sealed record ResponseFormatBody
{
    [Description("text.")]
    public required string Type { get; init; }
}
