using XLLM.Gateway.Diagnostics;
using XLLM.Gateway.OpenAI.Responses;
using XLLM.Gateway.OpenAI.Wire;
using XLLM.Gateway.Streaming;

namespace XLLM.Gateway.OpenAI.StoredResponses;

/// <summary>Steps to typed events of a stream.</summary>
/// <param name="frame">What stays the same.</param>
/// <param name="after">Sequence number of the last event that the reader has; -1: none.</param>
/// <param name="stream">Where the events go.</param>
/// <param name="trace">Log and metrics.</param>
internal sealed class ResponseEventWriter(ResponseFrame frame, int after, ServerSentEvents stream, RequestTrace trace) : IAnswerSink<TurnStep>
{
    private readonly ResponseProjection _projection = new(frame);
    private readonly List<ResponseEventObject> _events = [];

    /// <inheritdoc/>
    public void Write(int choice, TurnStep next)
    {
        ResponseTrace.Note(trace, next);
        _events.Clear();
        _projection.Add(next, _events);
        foreach (var one in _events)
        {
            if (one.SequenceNumber > after)
            {
                stream.Event(one.Type, one, OpenAIJsonContext.Answers.ResponseEventObject);
            }
        }
    }
}
