using System.Runtime.CompilerServices;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Sessions;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>A turn of a durable conversation as its caller sees it. The session grain owns the generation and resumes it; this survives the loss of the session's own silo.</summary>
/// <remarks>The turn is asked again with the same request id and seed: it tells the same events, and those that the caller has are left out. The session stores it once.</remarks>
internal static class SessionTurn
{
    /// <summary>Runs the turn.</summary>
    /// <param name="session">The conversation.</param>
    /// <param name="request">Its seed is set.</param>
    /// <param name="clock">Measures the pauses between tries.</param>
    /// <param name="cancellationToken">Aborts.</param>
    /// <exception cref="RequestException">Before the first event only.</exception>
    public static async IAsyncEnumerable<ChatEvent> RunAsync(
        ISessionGrain session, ChatRequest request, TimeProvider clock, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        RequestValidator.Check(request);
        var (told, losses, promptTokens) = (0, 0, 0);
        while (true)
        {
            await using var run = new LosableStream<ChatEvent>(session.ChatAsync(request, cancellationToken), cancellationToken);
            var (next, loss) = await run.NextAsync();
            for (var place = 0; next is not null; place++)
            {
                if (place == told)
                {
                    (told, losses) = (told + 1, 0);
                    promptTokens = next is ChatStarted begun ? begun.PromptTokens : promptTokens;
                    yield return next;
                    if (next is ChatEnded)
                    {
                        yield break;
                    }
                }

                (next, loss) = await run.NextAsync();
            }

            if (LossPatience.PauseAfter(++losses) is { } pause)
            {
                await Task.Delay(pause, clock, cancellationToken);
                continue;
            }

            var message = $"the silo of session {session.GetPrimaryKeyString()} was lost {losses} times in a row: {loss?.Message ?? "its stream ended early"}";
            if (told == 0)
            {
                throw new RequestException(RequestErrors.Unavailable, message);
            }

            // The turn may have been stored just before: only the session can tell.
            yield return new ChatEnded { Reason = EndReason.Unavailable, Usage = new Usage(promptTokens, 0, 0), Message = message };
            yield break;
        }
    }
}
