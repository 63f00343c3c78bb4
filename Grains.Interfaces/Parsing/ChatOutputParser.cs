using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>Takes a model's text apart into answer, reasoning and tool calls while it streams. One per generation.</summary>
public abstract class ChatOutputParser
{
    /// <summary>True once a tool call has begun.</summary>
    public bool CalledTools { get; protected set; }

    /// <summary>Reads more text; adds the events that have become certain.</summary>
    public abstract void Push(ReadOnlySpan<char> text, ICollection<ChatEvent> events);

    /// <summary>No more text comes; adds what was held back.</summary>
    public abstract void Finish(ICollection<ChatEvent> events);
}
