using System.ComponentModel;
using System.Text.Json.Serialization;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Sessions;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>A stored conversation.</summary>
internal sealed record SessionObject
{
    public required string Id { get; init; }

    [Description("session")]
    public string Object { get; } = "session";

    [Description("Model of the last turn.")]
    public required string Model { get; init; }

    [Description("When the first turn began, Unix seconds.")]
    public required long Created { get; init; }

    [Description("When the last turn ended, Unix seconds.")]
    public required long Updated { get; init; }

    [Description("All messages, oldest first.")]
    public required SessionMessage[] Messages { get; init; }

    /// <summary>A session as clients see it.</summary>
    public static SessionObject From(SessionSnapshot session) => new()
    {
        Id = session.SessionId,
        Model = session.Model,
        Created = session.Created.ToUnixTimeSeconds(),
        Updated = session.Updated.ToUnixTimeSeconds(),
        Messages = [.. session.Messages.Select(SessionMessage.From)],
    };
}

/// <summary>A stored message.</summary>
internal sealed record SessionMessage
{
    public required string Role { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    [Description("The text; null where an assistant message only called tools.")]
    public string? Content { get; init; }

    public string? Name { get; init; }

    [JsonPropertyName("reasoning_content")]
    public string? ReasoningContent { get; init; }

    [JsonPropertyName("tool_calls")]
    public ToolCallObject[]? ToolCalls { get; init; }

    [JsonPropertyName("tool_call_id")]
    public string? ToolCallId { get; init; }

    /// <summary>A message as clients see it.</summary>
    public static SessionMessage From(ChatMessage message) => new()
    {
        Role = message.Role,
        Content = message.Content.Count == 0 ? null : message.Text,
        Name = message.Name,
        ReasoningContent = message.Reasoning,
        ToolCalls = message.ToolCalls.Count == 0 ? null : [.. message.ToolCalls.Select(call => new ToolCallObject { Id = call.Id, Function = new() { Name = call.Name, Arguments = call.Arguments } })],
        ToolCallId = message.ToolCallId,
    };
}

/// <summary>A conversation was forgotten.</summary>
internal sealed record SessionDeleted
{
    public required string Id { get; init; }

    [Description("session.deleted")]
    public string Object { get; } = "session.deleted";

    [Description("true")]
    public bool Deleted { get; } = true;
}
