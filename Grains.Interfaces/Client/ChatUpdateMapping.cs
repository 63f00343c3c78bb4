using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>A turn's events to the updates of Microsoft.Extensions.AI. Pure; one per turn. A tool call is told whole, since its arguments are parsed.</summary>
/// <param name="request">The turn.</param>
/// <param name="created">When it began.</param>
internal sealed class ChatUpdateMapping(ChatRequest request, DateTimeOffset created)
{
    private readonly StringBuilder _arguments = new();
    private string? _callId;
    private string? _callName;

    /// <summary>The updates that an event brings: none, one, or two where it also completes a tool call.</summary>
    /// <exception cref="RequestException">The turn ended because something failed.</exception>
    /// <exception cref="OperationCanceledException">The turn was cancelled by someone else than its reader.</exception>
    public IEnumerable<ChatResponseUpdate> Map(ChatEvent next)
    {
        if (_callId is not null && (next is ToolCallDelta { Id: not null } or ChatEnded))
        {
            yield return Update(CompleteCall());
        }

        switch (next)
        {
            case ChatStarted:
                yield return Update();
                break;
            case ContentDelta { Logprobs: { } logprobs } delta:
                var update = delta.Text.Length > 0 ? Update(new TextContent(delta.Text)) : Update();
                update.AdditionalProperties = new() { ["logprobs"] = logprobs };
                yield return update;
                break;
            case ContentDelta { Text.Length: > 0 } delta:
                yield return Update(new TextContent(delta.Text));
                break;
            case ReasoningDelta { Text.Length: > 0 } delta:
                yield return Update(new TextReasoningContent(delta.Text));
                break;
            case ToolCallDelta delta:
                _callId = delta.Id ?? _callId;
                _callName = delta.Name ?? _callName;
                _arguments.Append(delta.Arguments);
                break;
            case ChatEnded ended:
                yield return End(ended);
                break;
        }
    }

    private FunctionCallContent CompleteCall()
    {
        // Where the model wrote no valid JSON object, the content carries the exception and the middleware tells the model.
        var call = FunctionCallContent.CreateFromParsedArguments(
            _arguments.ToString(), _callId!, _callName ?? "", static json => JsonSerializer.Deserialize<Dictionary<string, object?>>(json.Length == 0 ? "{}" : json, AIJsonUtilities.DefaultOptions)!);
        _callId = _callName = null;
        _arguments.Clear();
        return call;
    }

    private ChatResponseUpdate End(ChatEnded ended)
    {
        var usage = new UsageDetails
        {
            InputTokenCount = ended.Usage.PromptTokens,
            OutputTokenCount = ended.Usage.GeneratedTokens,
            TotalTokenCount = ended.Usage.PromptTokens + ended.Usage.GeneratedTokens,
            CachedInputTokenCount = ended.Usage.CachedTokens,
            ReasoningTokenCount = ended.Usage.ReasoningTokens,
        };
        var update = Update(new UsageContent(usage));
        update.FinishReason = ended.Reason switch
        {
            EndReason.Stop => ended.CalledTools ? ChatFinishReason.ToolCalls : ChatFinishReason.Stop,
            EndReason.Length => ChatFinishReason.Length,
            EndReason.Cancelled => throw new OperationCanceledException(ended.Message ?? "the generation was cancelled"),
            EndReason.Overloaded => throw new RequestException(RequestErrors.Overloaded, ended.Message ?? "every replica is full"),
            EndReason.TooLong => throw new RequestException(RequestErrors.ContextLengthExceeded, ended.Message ?? "the prompt does not fit", "messages"),
            EndReason.Unavailable => throw new RequestException(RequestErrors.Unavailable, ended.Message ?? "no replica can go on"),
            _ => throw new RequestException(RequestErrors.EngineFailed, ended.Message ?? "the engine failed"),
        };
        if (ended.StopText is { } stop)
        {
            update.AdditionalProperties = new() { ["stop_text"] = stop };
        }

        return update;
    }

    private ChatResponseUpdate Update(params AIContent[] contents) => new(ChatRole.Assistant, [.. contents])
    {
        ResponseId = request.RequestId,
        MessageId = request.RequestId,
        ModelId = request.Model,
        ConversationId = request.SessionId,
        CreatedAt = created,
    };
}
