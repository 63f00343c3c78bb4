using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Grains.Interfaces.Chat;

/// <summary>What a chat turn tells its reader: generated text after the model's tool and reasoning syntax was taken apart. <see cref="ChatEnded"/> is last, exactly once.</summary>
[GenerateSerializer, Immutable, Alias("xllm.chat-event")]
public abstract record ChatEvent;

/// <summary>The turn has begun: its prompt is known and a replica has taken it. Always first.</summary>
/// <param name="PromptTokens">Tokens of the prompt.</param>
[GenerateSerializer, Immutable, Alias("xllm.chat-started")]
public sealed record ChatStarted([property: Id(0)] int PromptTokens) : ChatEvent;

/// <summary>More of the answer.</summary>
/// <param name="Text">Follows all earlier answer text; may be empty where only log probabilities come.</param>
/// <param name="Logprobs">Log probabilities of the tokens drawn since the last event that had them, or null.</param>
[GenerateSerializer, Immutable, Alias("xllm.chat-content")]
public sealed record ContentDelta([property: Id(0)] string Text, [property: Id(1)] TokenLogprob[]? Logprobs = null) : ChatEvent;

/// <summary>More of the reasoning.</summary>
/// <param name="Text">Follows all earlier reasoning text.</param>
[GenerateSerializer, Immutable, Alias("xllm.chat-reasoning")]
public sealed record ReasoningDelta([property: Id(0)] string Text) : ChatEvent;

/// <summary>More of a tool call.</summary>
/// <param name="Index">Which call of this answer, from 0.</param>
/// <param name="Id">The call's id; on the first delta of a call, else null.</param>
/// <param name="Name">The function's name; on the first delta of a call, else null.</param>
/// <param name="Arguments">JSON text that follows this call's earlier argument text.</param>
[GenerateSerializer, Immutable, Alias("xllm.chat-tool-call")]
public sealed record ToolCallDelta(
    [property: Id(0)] int Index, [property: Id(1)] string? Id, [property: Id(2)] string? Name, [property: Id(3)] string Arguments) : ChatEvent;

/// <summary>The last event of a turn.</summary>
[GenerateSerializer, Immutable, Alias("xllm.chat-ended")]
public sealed record ChatEnded : ChatEvent
{
    /// <summary>Why the generation ended.</summary>
    [Id(0)]
    public required EndReason Reason { get; init; }

    /// <summary>True if it ended with at least one tool call: OpenAI's <c>tool_calls</c>.</summary>
    [Id(1)]
    public bool CalledTools { get; init; }

    /// <summary>Tokens counted.</summary>
    [Id(2)]
    public required Usage Usage { get; init; }

    /// <summary>For people: what went wrong; null when nothing did.</summary>
    [Id(3)]
    public string? Message { get; init; }

    /// <summary>The stop string that ended it, if one did.</summary>
    [Id(4)]
    public string? StopText { get; init; }

    /// <summary>The replica that went last, and the tokens of this conversation that it has computed; null where none did. The next turn does well to go there.</summary>
    [Id(5)]
    public PrefixHolder? Holder { get; init; }
}
