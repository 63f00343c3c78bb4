using System.Runtime.CompilerServices;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;

namespace XLLM.Gateway.OpenAI.StoredResponses;

/// <summary>A stored turn, read from its first event.</summary>
internal static class StoredTurn
{
    /// <summary>Its events; and, where they stop before their end, a last step with the response, which says why.</summary>
    /// <exception cref="RequestException">There is no such response; or the turn was refused.</exception>
    public static async IAsyncEnumerable<TurnStep> ReadAsync(IResponseClient stored, string id, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var hasEnded = false;
        await foreach (var next in stored.ReadAsync(id, 0, cancellationToken))
        {
            hasEnded = next is ChatEnded;
            yield return new(next);
        }

        if (!hasEnded)
        {
            yield return new(null, await stored.GetAsync(id) ?? throw new RequestException(RequestErrors.ResponseNotFound, $"The response '{id}' does not exist.", "id"));
        }
    }
}
