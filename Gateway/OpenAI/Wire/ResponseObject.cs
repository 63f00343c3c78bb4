using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>What a response hands back of its request. Stored with it, as JSON.</summary>
internal record ResponseEcho
{
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Instructions { get; init; }

    [JsonPropertyName("previous_response_id")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? PreviousResponseId { get; init; }

    public bool Background { get; init; }

    public bool Store { get; init; } = true;

    [JsonPropertyName("max_output_tokens")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public int? MaxOutputTokens { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    [Description("As asked; null: the model's own default.")]
    public float? Temperature { get; init; }

    [JsonPropertyName("top_p")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    [Description("As asked; null: the model's own default.")]
    public float? TopP { get; init; }

    [JsonPropertyName("top_logprobs")]
    public int TopLogprobs { get; init; }

    [JsonShape("object[]")]
    public JsonElement? Tools { get; init; }

    [JsonPropertyName("tool_choice")]
    [JsonShape("string", "object")]
    public JsonElement? ToolChoice { get; init; }

    [JsonPropertyName("parallel_tool_calls")]
    public bool ParallelToolCalls { get; init; } = true;

    public ResponseReasoning Reasoning { get; init; } = new();

    public ResponseText Text { get; init; } = new();

    [Description("disabled")]
    public string Truncation { get; init; } = "disabled";

    [JsonShape("object")]
    public JsonElement? Metadata { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? User { get; init; }
}

/// <summary>How the model reasons.</summary>
internal sealed record ResponseReasoning
{
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Effort { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Summary { get; init; }
}

/// <summary>The form of the answer.</summary>
internal sealed record ResponseText
{
    public ResponseFormatBody Format { get; init; } = new() { Type = "text" };
}

/// <summary>A response.</summary>
internal sealed record ResponseObject : ResponseEcho
{
    public ResponseObject()
    {
    }

    public ResponseObject(ResponseEcho echo)
        : base(echo)
    {
    }

    public required string Id { get; init; }

    [Description("response")]
    public string Object { get; } = "response";

    [JsonPropertyName("created_at")]
    public required long CreatedAt { get; init; }

    [JsonPropertyName("completed_at")]
    public long? CompletedAt { get; init; }

    [Description("queued, in_progress, completed, incomplete, cancelled or failed.")]
    public required string Status { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public ResponseErrorObject? Error { get; init; }

    [JsonPropertyName("incomplete_details")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IncompleteDetails? IncompleteDetails { get; init; }

    public required string Model { get; init; }

    public required ResponseItemObject[] Output { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public ResponseUsage? Usage { get; init; }
}

/// <summary>Why a response failed.</summary>
internal sealed record ResponseErrorObject
{
    public required string Code { get; init; }

    public required string Message { get; init; }
}

/// <summary>Why a response is not complete.</summary>
internal sealed record IncompleteDetails
{
    [Description("max_output_tokens")]
    public required string Reason { get; init; }
}

/// <summary>An item of a response's output: a message, a function_call or reasoning; which fields it has follows from its type.</summary>
internal sealed record ResponseItemObject
{
    public required string Id { get; init; }

    [Description("message, function_call or reasoning.")]
    public required string Type { get; init; }

    [Description("in_progress, completed or incomplete.")]
    public required string Status { get; init; }

    public string? Role { get; init; }

    public ResponseContentObject[]? Content { get; init; }

    [Description("Of reasoning: always empty; the reasoning itself is its content.")]
    public ResponseContentObject[]? Summary { get; init; }

    [JsonPropertyName("call_id")]
    public string? CallId { get; init; }

    public string? Name { get; init; }

    public string? Arguments { get; init; }
}

/// <summary>A part of an item: output_text or reasoning_text.</summary>
internal sealed record ResponseContentObject
{
    [Description("output_text, reasoning_text or input_text.")]
    public required string Type { get; init; }

    public required string Text { get; init; }

    [JsonShape("object[]")]
    [Description("Of output_text: always empty.")]
    public string[]? Annotations { get; init; }

    public TokenLogprobObject[]? Logprobs { get; init; }
}

/// <summary>Tokens counted; the details are always there, also when 0.</summary>
internal sealed record ResponseUsage
{
    [JsonPropertyName("input_tokens")]
    public required int InputTokens { get; init; }

    [JsonPropertyName("input_tokens_details")]
    public required PromptTokensDetails InputTokensDetails { get; init; }

    [JsonPropertyName("output_tokens")]
    public required int OutputTokens { get; init; }

    [JsonPropertyName("output_tokens_details")]
    public required CompletionTokensDetails OutputTokensDetails { get; init; }

    [JsonPropertyName("total_tokens")]
    public int TotalTokens => InputTokens + OutputTokens;

    /// <summary>The usage of a turn.</summary>
    public static ResponseUsage Of(Usage usage) => new()
    {
        InputTokens = usage.PromptTokens,
        InputTokensDetails = new() { CachedTokens = usage.CachedTokens },
        OutputTokens = usage.GeneratedTokens,
        OutputTokensDetails = new() { ReasoningTokens = usage.ReasoningTokens },
    };
}

/// <summary>A response was forgotten.</summary>
internal sealed record ResponseDeleted
{
    public required string Id { get; init; }

    [Description("response.deleted")]
    public string Object { get; } = "response.deleted";

    [Description("true")]
    public bool Deleted { get; } = true;
}
