namespace XLLM.Grains.Interfaces.Chat;

/// <summary>One message of a conversation, as OpenAI's chat API words it.</summary>
[GenerateSerializer, Immutable, Alias("xllm.chat-message")]
public sealed record ChatMessage
{
    /// <summary><c>system</c>, <c>developer</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</summary>
    [Id(0)]
    public required string Role { get; init; }

    /// <summary>The content; empty for an assistant message that only calls tools.</summary>
    [Id(1)]
    public IReadOnlyList<ContentPart> Content { get; init; } = [];

    /// <summary>Calls made by an assistant message.</summary>
    [Id(2)]
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary>The call that a tool message answers.</summary>
    [Id(3)]
    public string? ToolCallId { get; init; }

    /// <summary>Name of the participant or tool.</summary>
    [Id(4)]
    public string? Name { get; init; }

    /// <summary>What an assistant message thought before it answered.</summary>
    [Id(5)]
    public string? Reasoning { get; init; }

    /// <summary>A message of plain text.</summary>
    public static ChatMessage FromText(string role, string text) => new() { Role = role, Content = [new ContentPart { Type = "text", Text = text }] };

    /// <summary>The text parts joined; other parts are left out.</summary>
    public string Text => Content.Count == 1 ? Content[0].Text ?? "" : string.Concat(Content.Select(part => part.Text));
}

/// <summary>A part of a message's content.</summary>
[GenerateSerializer, Immutable, Alias("xllm.content-part")]
public sealed record ContentPart
{
    /// <summary><c>text</c> or <c>image_url</c>.</summary>
    [Id(0)]
    public required string Type { get; init; }

    /// <summary>The text of a text part.</summary>
    [Id(1)]
    public string? Text { get; init; }

    /// <summary>The data URL of an image part.</summary>
    [Id(2)]
    public string? ImageUrl { get; init; }
}

/// <summary>A call of a function by the model.</summary>
/// <param name="Id">Unique in the conversation; a tool message answers it.</param>
/// <param name="Name">Function name.</param>
/// <param name="Arguments">JSON text as the model wrote it.</param>
[GenerateSerializer, Immutable, Alias("xllm.tool-call")]
public sealed record ToolCall([property: Id(0)] string Id, [property: Id(1)] string Name, [property: Id(2)] string Arguments);

/// <summary>Whether the model may, must or must not call a tool.</summary>
[GenerateSerializer, Alias("xllm.tool-choice-mode")]
public enum ToolChoiceMode
{
    /// <summary>The model decides.</summary>
    Auto = 0,

    /// <summary>Tools are not shown to the model.</summary>
    None = 1,

    /// <summary>At least one call.</summary>
    Required = 2,

    /// <summary>A call of <see cref="ChatRequest.ToolChoiceName"/>.</summary>
    Named = 3,
}
