using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>Takes a model's text apart into answer, reasoning and tool calls while it streams. One per generation; made by <see cref="ChatOutputParsers.Create"/>.</summary>
/// <remarks>How the text is cut into pieces never matters: the joined events are the same for every split of the same text, and no text makes it throw.</remarks>
public abstract class ChatOutputParser
{
    /// <summary>True once a tool call has begun.</summary>
    public bool CalledTools { get; protected set; }

    /// <summary>True while the text read last belongs to a reasoning block; who counts reasoning tokens asks after each push.</summary>
    public virtual bool InReasoning => false;

    /// <summary>Reads more text; adds the events that have become certain.</summary>
    public abstract void Push(ReadOnlySpan<char> text, ICollection<ChatEvent> events);

    /// <summary>No more text comes; adds what was held back. Call once.</summary>
    public abstract void Finish(ICollection<ChatEvent> events);
}
