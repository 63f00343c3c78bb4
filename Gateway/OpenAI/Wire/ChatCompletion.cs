using System.ComponentModel;
using System.Text.Json.Serialization;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>Answer of <c>POST /v1/chat/completions</c>.</summary>
internal sealed record ChatCompletion
{
    public required string Id { get; init; }

    [Description("chat.completion")]
    public string Object { get; } = "chat.completion";

    [Description("Unix seconds.")]
    public required long Created { get; init; }

    public required string Model { get; init; }

    [JsonPropertyName("system_fingerprint")]
    [Description("Version of the server: the same one answers a seeded request alike.")]
    public string SystemFingerprint { get; } = ServerVersion.Fingerprint;

    public required ChatChoice[] Choices { get; init; }

    public required UsageObject Usage { get; init; }
}

/// <summary>One answer.</summary>
internal sealed record ChatChoice
{
    public required int Index { get; init; }

    public required AssistantMessage Message { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public ChatLogprobs? Logprobs { get; init; }

    [JsonPropertyName("finish_reason")]
    [Description("stop, length or tool_calls.")]
    public required string FinishReason { get; init; }

    [JsonPropertyName("stop_reason")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    [Description("The stop string that ended it, if one did.")]
    public string? StopReason { get; init; }
}

/// <summary>The model's message.</summary>
internal sealed record AssistantMessage
{
    [Description("assistant")]
    public string Role { get; } = "assistant";

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    [Description("The answer; null where the model only called tools.")]
    public string? Content { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    [Description("Always null.")]
    public string? Refusal { get; init; }

    [JsonPropertyName("reasoning_content")]
    [Description("What the model thought before it answered.")]
    public string? ReasoningContent { get; init; }

    [Description("The same as reasoning_content: clients read either.")]
    public string? Reasoning => ReasoningContent;

    [JsonPropertyName("tool_calls")]
    public ToolCallObject[]? ToolCalls { get; init; }
}

/// <summary>A call of a function.</summary>
internal sealed record ToolCallObject
{
    public required string Id { get; init; }

    [Description("function")]
    public string Type { get; init; } = "function";

    public required FunctionCallObject Function { get; init; }
}

/// <summary>A function's name and arguments.</summary>
internal sealed record FunctionCallObject
{
    public required string Name { get; init; }

    [Description("JSON text as the model wrote it; check it before use.")]
    public required string Arguments { get; init; }
}
