using System.Runtime.CompilerServices;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Sessions;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>A turn of a durable conversation as its caller sees it. The session grain owns the generation and resumes it; this only words the loss of the session's own silo.</summary>
internal static class SessionTurn
{
    /// <summary>Runs the turn.</summary>
    /// <exception cref="RequestException">Before the first event only.</exception>
    public static async IAsyncEnumerable<ChatEvent> RunAsync(ISessionGrain session, ChatRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        RequestValidator.Check(request);
        var promptTokens = -1;
        for (var start = 1; ; start++)
        {
            await using var run = new LosableStream<ChatEvent>(session.ChatAsync(request, cancellationToken), cancellationToken);
            var (next, loss) = await run.NextAsync();
            while (next is not null)
            {
                promptTokens = next is ChatStarted begun ? begun.PromptTokens : promptTokens;
                yield return next;
                if (next is ChatEnded)
                {
                    yield break;
                }

                (next, loss) = await run.NextAsync();
            }

            var message = $"the silo of session {session.GetPrimaryKeyString()} was lost: {loss?.Message ?? "its stream ended early"}";
            if (promptTokens >= 0)
            {
                // The turn may have been stored just before: only the session can tell.
                yield return new ChatEnded { Reason = EndReason.Unavailable, Usage = new Usage(promptTokens, 0, 0), Message = message };
                yield break;
            }

            if (start == 2)
            {
                throw new RequestException(RequestErrors.Unavailable, message);
            }
        }
    }
}
