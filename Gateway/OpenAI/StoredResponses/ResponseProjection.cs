using System.Text;
using XLLM.Gateway.OpenAI.Responses;
using XLLM.Gateway.OpenAI.Wire;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Responses;

namespace XLLM.Gateway.OpenAI.StoredResponses;

/// <summary>A turn's events to a response and its typed events. Pure: the same turn gives the same events with the same numbers, whoever reads it and when.</summary>
/// <param name="frame">What stays the same.</param>
internal sealed class ResponseProjection(ResponseFrame frame)
{
    private readonly List<ResponseItemObject> _output = [];
    private readonly StringBuilder _text = new();
    private readonly List<TokenLogprobObject> _logprobs = [];
    private int _sequence;
    private ResponseItemObject? _open;

    /// <summary>The response as it is now.</summary>
    public ResponseObject Response { get; private set; } = new(frame.Echo)
    {
        Id = frame.Id,
        CreatedAt = frame.Created,
        Model = frame.Model,
        Status = frame.Echo.Background ? "queued" : "in_progress",
        Output = [],
    };

    /// <summary>Whether it ended.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Takes a step in.</summary>
    /// <param name="step">The next step.</param>
    /// <param name="events">Gets the events that it makes.</param>
    public void Add(in TurnStep step, List<ResponseEventObject> events)
    {
        if (_sequence == 0)
        {
            Begin(events);
        }

        switch (step.Event)
        {
            case ReasoningDelta { Text.Length: > 0 } delta:
                Open("reasoning", "rs", events);
                _text.Append(delta.Text);
                events.Add(OfContent("response.reasoning_text.delta") with { Delta = delta.Text });
                break;
            case ContentDelta { Text.Length: > 0 } or ContentDelta { Logprobs.Length: > 0 }:
                AddText((ContentDelta)step.Event, events);
                break;
            case ToolCallDelta delta:
                AddCall(delta, events);
                break;
            case ChatEnded ended:
                End(ended, events);
                break;
            case null when step.Stopped is { } stopped:
                Stop(stopped, events);
                break;
        }
    }

    private void Begin(List<ResponseEventObject> events)
    {
        events.Add(OfResponse("response.created"));
        if (frame.Echo.Background)
        {
            events.Add(OfResponse("response.queued"));
        }

        Response = Response with { Status = "in_progress" };
        events.Add(OfResponse("response.in_progress"));
    }

    private void AddText(ContentDelta delta, List<ResponseEventObject> events)
    {
        Open("message", "msg", events);
        _text.Append(delta.Text);
        var logprobs = LogprobObjects.Chat(delta.Logprobs)?.Content.ToArray() ?? [];
        _logprobs.AddRange(logprobs);
        events.Add(OfContent("response.output_text.delta") with { Delta = delta.Text, Logprobs = logprobs });
    }

    private void AddCall(ToolCallDelta delta, List<ResponseEventObject> events)
    {
        if (delta.Id is not null)
        {
            Close("completed", events);
            _open = new() { Id = frame.ItemId("fc", _output.Count), Type = "function_call", Status = "in_progress", CallId = delta.Id, Name = delta.Name ?? "", Arguments = "" };
            events.Add(OfItem("response.output_item.added"));
        }

        _text.Append(delta.Arguments);
        if (delta.Arguments.Length > 0)
        {
            events.Add(Next("response.function_call_arguments.delta") with { ItemId = _open!.Id, OutputIndex = _output.Count, Delta = delta.Arguments });
        }
    }

    /// <summary>Begins an item of a kind unless one is open.</summary>
    private void Open(string type, string prefix, List<ResponseEventObject> events)
    {
        if (_open?.Type == type)
        {
            return;
        }

        Close("completed", events);
        _open = new()
        {
            Id = frame.ItemId(prefix, _output.Count),
            Type = type,
            Status = "in_progress",
            Role = type == "message" ? "assistant" : null,
            Content = [],
            Summary = type == "reasoning" ? [] : null,
        };
        events.Add(OfItem("response.output_item.added"));
        events.Add(OfContent("response.content_part.added") with { Part = Part() });
    }

    private void Close(string status, List<ResponseEventObject> events)
    {
        if (_open is not { } item)
        {
            return;
        }

        if (item.Type == "function_call")
        {
            _open = item with { Status = status, Arguments = _text.ToString() };
            events.Add(Next("response.function_call_arguments.done") with { ItemId = item.Id, OutputIndex = _output.Count, Name = item.Name, Arguments = _open.Arguments });
        }
        else
        {
            var part = Part();
            events.Add(OfContent(item.Type == "message" ? "response.output_text.done" : "response.reasoning_text.done") with { Text = part.Text, Logprobs = part.Logprobs });
            events.Add(OfContent("response.content_part.done") with { Part = part });
            _open = item with { Status = status, Content = [part] };
        }

        events.Add(OfItem("response.output_item.done"));
        _output.Add(_open);
        _open = null;
        _text.Clear();
        _logprobs.Clear();
    }

    private void End(ChatEnded ended, List<ResponseEventObject> events)
    {
        var isCut = ended.Reason == EndReason.Length;
        if (_open is null && _output.All(item => item.Type == "reasoning"))
        {
            Open("message", "msg", events);         // an empty answer is an answer
        }

        Close(isCut ? "incomplete" : "completed", events);
        HasEnded = true;
        Response = Response with
        {
            Status = isCut ? "incomplete" : "completed",
            IncompleteDetails = isCut ? new() { Reason = "max_output_tokens" } : null,
            Output = [.. _output],
            Usage = ResponseUsage.Of(ended.Usage),
        };
        events.Add(OfResponse(isCut ? "response.incomplete" : "response.completed"));
    }

    private void Stop(ResponseSnapshot stopped, List<ResponseEventObject> events)
    {
        Close("incomplete", events);
        HasEnded = true;
        var failed = stopped.Status == ResponseStatus.Failed;
        Response = Response with
        {
            Status = failed ? "failed" : "cancelled",
            Error = failed ? new() { Code = stopped.ErrorCode ?? ErrorMapping.InternalError, Message = stopped.ErrorMessage ?? "the response failed" } : null,
            Output = [.. _output],
        };
        events.Add(OfResponse(failed ? "response.failed" : "response.cancelled"));
    }

    private ResponseContentObject Part() => _open!.Type == "message"
        ? new() { Type = "output_text", Text = _text.ToString(), Annotations = [], Logprobs = [.. _logprobs] }
        : new() { Type = "reasoning_text", Text = _text.ToString() };

    private ResponseEventObject Next(string type) => new() { Type = type, SequenceNumber = _sequence++ };

    private ResponseEventObject OfResponse(string type) => Next(type) with { Response = Response };

    private ResponseEventObject OfItem(string type) => Next(type) with { OutputIndex = _output.Count, Item = _open };

    private ResponseEventObject OfContent(string type) => Next(type) with { ItemId = _open!.Id, OutputIndex = _output.Count, ContentIndex = 0 };
}
