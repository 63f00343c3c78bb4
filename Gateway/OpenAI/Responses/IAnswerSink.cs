namespace XLLM.Gateway.OpenAI.Responses;

/// <summary>Makes an answer of events: a stream of chunks, or one object at the end.</summary>
internal interface IAnswerSink<in TEvent>
{
    /// <summary>Takes an event of a choice.</summary>
    /// <exception cref="ApiException">The event says that there is no answer.</exception>
    void Write(int choice, TEvent next);
}
