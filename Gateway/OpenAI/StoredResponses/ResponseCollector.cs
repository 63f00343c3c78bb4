using XLLM.Gateway.Diagnostics;
using XLLM.Gateway.OpenAI.Responses;
using XLLM.Gateway.OpenAI.Wire;
using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Gateway.OpenAI.StoredResponses;

/// <summary>Steps to the response that they end in.</summary>
internal sealed class ResponseCollector(ResponseFrame frame, RequestTrace trace) : IAnswerSink<TurnStep>
{
    private readonly ResponseProjection _projection = new(frame);
    private readonly List<ResponseEventObject> _events = [];

    /// <summary>The response as it is now.</summary>
    public ResponseObject Response => _projection.Response;

    /// <inheritdoc/>
    public void Write(int choice, TurnStep next)
    {
        ResponseTrace.Note(trace, next);
        _events.Clear();
        _projection.Add(next, _events);
    }
}
