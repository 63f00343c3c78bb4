using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>Text flows reasoning stage, tool-call stage, events; a stage that the model lacks is left out.</summary>
internal sealed class StagedChatOutputParser : ChatOutputParser
{
    private readonly ChatEventWriter _writer;
    private readonly TextStage _first;
    private readonly ReasoningStage? _reasoning;

    public StagedChatOutputParser(string requestId, ReasoningSyntax? reasoning, bool reasoningOpen, ToolCallSyntax? tools, string toolsJson, int maxCalls)
    {
        _writer = new(requestId, maxCalls);
        _first = tools?.CreateStage(_writer, toolsJson) ?? new ContentStage(_writer);
        if (reasoning is not null)
        {
            _first = _reasoning = reasoning.CreateStage(_writer, _first, reasoningOpen);
        }
    }

    /// <inheritdoc/>
    public override bool InReasoning => _reasoning is { IsOpen: true };

    /// <inheritdoc/>
    public override void Push(ReadOnlySpan<char> text, ICollection<ChatEvent> events)
    {
        _writer.Events = events;
        _first.Push(text);
        End();
    }

    /// <inheritdoc/>
    public override void Finish(ICollection<ChatEvent> events)
    {
        _writer.Events = events;
        _first.Finish();
        End();
    }

    private void End()
    {
        _writer.Flush();
        CalledTools = _writer.Calls > 0;
    }

    /// <summary>The last stage where no tool call is looked for: all text is answer.</summary>
    private sealed class ContentStage(ChatEventWriter writer) : TextStage
    {
        public override void Push(ReadOnlySpan<char> text) => writer.Content(text);

        public override void Finish()
        {
        }
    }
}
