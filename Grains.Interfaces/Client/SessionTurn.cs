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
    /// <param name="maxStarts">Most times that the turn is asked for.</param>
    /// <param name="cancellationToken">Aborts.</param>
    /// <exception cref="RequestException">Before the first event only.</exception>
    public static async IAsyncEnumerable<ChatEvent> RunAsync(
        ISessionGrain session, ChatRequest request, int maxStarts, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        RequestValidator.Check(request);
        var (told, promptTokens) = (0, 0);
        for (var start = 1; ; start++)
        {
            await using var run = new LosableStream<ChatEvent>(session.ChatAsync(request, cancellationToken), cancellationToken);
            var (next, loss) = await run.NextAsync();
            for (var place = 0; next is not null; place++)
            {
                if (place == told)
                {
                    told++;
                    promptTokens = next is ChatStarted begun ? begun.PromptTokens : promptTokens;
                    yield return next;
                    if (next is ChatEnded)
                    {
                        yield break;
                    }
                }

                (next, loss) = await run.NextAsync();
            }

            if (start < Math.Max(2, maxStarts))
            {
                continue;
            }

            var message = $"the silo of session {session.GetPrimaryKeyString()} was lost {start} times: {loss?.Message ?? "its stream ended early"}";
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
