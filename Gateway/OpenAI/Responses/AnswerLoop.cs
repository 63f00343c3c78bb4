using XLLM.Gateway.OpenAI.Wire;
using XLLM.Gateway.Streaming;

namespace XLLM.Gateway.OpenAI.Responses;

/// <summary>Carries the events of a request's choices to its answer.</summary>
internal static class AnswerLoop
{
    /// <summary>Takes all events.</summary>
    public static async Task CollectAsync<TEvent>(ChoiceStreams<TEvent> choices, IAnswerSink<TEvent> sink, CancellationToken cancellationToken)
    {
        await foreach (var item in choices.Reader.ReadAllAsync(cancellationToken))
        {
            sink.Write(item.Choice, item.Event);
        }
    }

    /// <summary>Takes events as they come and sends what they make, with a ping where nothing comes for a while.</summary>
    /// <param name="choices">The events.</param>
    /// <param name="sink">Makes chunks of them.</param>
    /// <param name="finish">Writes the end.</param>
    /// <param name="stream">Where the chunks go.</param>
    /// <param name="cancellationToken">The client left.</param>
    /// <remarks>
    /// A fault before anything was sent is thrown, so that it gets its own status. Pings wait for the first event, which says that the request was accepted.
    /// A fault later is an event of its own and the last one: OpenAI's clients raise it as an error.
    /// </remarks>
    public static async Task StreamAsync<TEvent>(
        ChoiceStreams<TEvent> choices, IAnswerSink<TEvent> sink, Action finish, ServerSentEvents stream, CancellationToken cancellationToken)
    {
        try
        {
            var accepted = false;
            while (await choices.Reader.WaitToReadAsync(cancellationToken))
            {
                while (choices.Reader.TryRead(out var item))
                {
                    if (!item.IsPing)
                    {
                        accepted = true;
                        sink.Write(item.Choice, item.Event);
                    }
                    else if (accepted)
                    {
                        stream.Ping();
                    }
                }

                choices.DelayPing();
                await stream.FlushAsync(cancellationToken);
            }

            finish();
        }
        catch (Exception exception) when (stream.HasStarted && exception is not (OperationCanceledException or SlowReaderException))
        {
            stream.Data(ErrorEnvelope.From(ErrorMapping.From(exception)), OpenAIJsonContext.Answers.ErrorEnvelope);
            await stream.FlushAsync(cancellationToken);
            throw new StreamBrokenException(exception);
        }

        await stream.FlushAsync(cancellationToken);
    }
}
