using System.ComponentModel;
using System.Text.Json.Serialization;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>One event of a chat stream.</summary>
internal sealed record ChatCompletionChunk
{
    public required string Id { get; init; }

    [Description("chat.completion.chunk")]
    public string Object { get; } = "chat.completion.chunk";

    public required long Created { get; init; }

    public required string Model { get; init; }

    [JsonPropertyName("system_fingerprint")]
    public string SystemFingerprint { get; } = ServerVersion.Fingerprint;

    [Description("Empty in the chunk that has the usage.")]
    public required ChunkChoice[] Choices { get; init; }

    [Description("Only in the last chunk, where stream_options.include_usage asks for it.")]
    public UsageObject? Usage { get; init; }
}

/// <summary>More of one answer.</summary>
internal sealed record ChunkChoice
{
    public required int Index { get; init; }

    public required ChunkDelta Delta { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public ChatLogprobs? Logprobs { get; init; }

    [JsonPropertyName("finish_reason")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    [Description("In the last chunk of an answer: stop, length or tool_calls.")]
    public string? FinishReason { get; init; }

    [JsonPropertyName("stop_reason")]
    [Description("The stop string that ended it, if one did.")]
    public string? StopReason { get; init; }
}

/// <summary>What is new.</summary>
internal sealed record ChunkDelta
{
    [Description("In the first chunk of an answer: assistant.")]
    public string? Role { get; init; }

    public string? Content { get; init; }

    [JsonPropertyName("reasoning_content")]
    public string? ReasoningContent { get; init; }

    [Description("The same as reasoning_content: clients read either.")]
    public string? Reasoning => ReasoningContent;

    [JsonPropertyName("tool_calls")]
    public ToolCallChunk[]? ToolCalls { get; init; }
}

/// <summary>More of a call.</summary>
internal sealed record ToolCallChunk
{
    public required int Index { get; init; }

    [Description("In the first chunk of a call.")]
    public string? Id { get; init; }

    [Description("In the first chunk of a call: function.")]
    public string? Type { get; init; }

    public required FunctionCallChunk Function { get; init; }
}

/// <summary>More of a function's arguments.</summary>
internal sealed record FunctionCallChunk
{
    [Description("In the first chunk of a call.")]
    public string? Name { get; init; }

    [Description("Follows all earlier argument text of the call.")]
    public required string Arguments { get; init; }
}
