using XLLM.Gateway.Diagnostics;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Gateway.OpenAI.Wire;
using XLLM.Gateway.Streaming;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.OpenAI.Responses;

/// <summary>Events to chunks of a chat stream. Of each choice: a chunk with the role, chunks of the answer, a chunk with the finish reason.</summary>
internal sealed class ChatChunkWriter(ChatCall call, long created, ServerSentEvents stream, RequestTrace trace) : IAnswerSink<ChatEvent>
{
    private readonly bool[] _begun = new bool[call.Choices];
    private readonly Usage[] _usage = new Usage[call.Choices];

    /// <inheritdoc/>
    public void Write(int choice, ChatEvent next)
    {
        switch (next)
        {
            case ContentDelta { Text.Length: > 0 } or ContentDelta { Logprobs.Length: > 0 }:
                var content = (ContentDelta)next;
                Output(choice, new() { Content = content.Text }, LogprobObjects.Chat(content.Logprobs));
                break;
            case ReasoningDelta delta:
                Output(choice, new() { ReasoningContent = delta.Text });
                break;
            case ToolCallDelta delta:
                var function = new FunctionCallChunk { Name = delta.Name, Arguments = delta.Arguments };
                Output(choice, new() { ToolCalls = [new() { Index = delta.Index, Id = delta.Id, Type = delta.Id is null ? null : "function", Function = function }] });
                break;
            case ChatEnded ended:
                var reason = FinishReasons.Of(ended.Reason, ended.Message, ended.CalledTools);
                Begin(choice);
                Chunk(new() { Index = choice, Delta = new(), FinishReason = reason, StopReason = ended.StopText });
                _usage[choice] = ended.Usage;
                trace.Ended(ended.Usage, reason);
                break;
        }
    }

    /// <summary>Every choice has ended.</summary>
    public void Finish()
    {
        if (call.Delivery.IncludeUsage)
        {
            Write([], UsageObject.Of(_usage, call.Choices));
        }

        stream.Done();
    }

    private void Output(int choice, ChunkDelta delta, ChatLogprobs? logprobs = null)
    {
        trace.Output(choice);
        Begin(choice);
        Chunk(new() { Index = choice, Delta = delta, Logprobs = logprobs });
    }

    private void Begin(int choice)
    {
        if (!_begun[choice])
        {
            _begun[choice] = true;
            Chunk(new() { Index = choice, Delta = new() { Role = "assistant", Content = "" } });
        }
    }

    private void Chunk(ChunkChoice choice) => Write([choice], null);

    private void Write(ChunkChoice[] choices, UsageObject? usage) => stream.Data(
        new ChatCompletionChunk { Id = call.Request.RequestId, Created = created, Model = call.Request.Model, Choices = choices, Usage = usage },
        OpenAIJsonContext.Answers.ChatCompletionChunk);
}
