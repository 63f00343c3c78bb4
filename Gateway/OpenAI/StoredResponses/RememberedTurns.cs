using System.Runtime.CompilerServices;
using XLLM.Gateway.Http;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Responses;

namespace XLLM.Gateway.OpenAI.StoredResponses;

/// <summary>The turns of a chat request with an idempotency key: one stored turn for each choice, which every retry reads again.</summary>
internal sealed class RememberedTurns
{
    private readonly IResponseClient _stored;
    private readonly string _id;

    private RememberedTurns(IResponseClient stored, string id, ChatCall call, long created) => (_stored, _id, Call, Created) = (stored, id, call, created);

    /// <summary>The request, with the id of its first try.</summary>
    public ChatCall Call { get; }

    /// <summary>When it was first asked, Unix seconds.</summary>
    public long Created { get; }

    /// <summary>Starts the turns, or finds those of an earlier try.</summary>
    /// <exception cref="RequestException">The key came with another body before; or nothing can be stored now.</exception>
    public static async Task<RememberedTurns> StartAsync(IResponseClient stored, ChatCall call, string key, string fingerprint, TimeSpan keepFor)
    {
        if (call.Request.SessionId is not null)
        {
            throw new ApiException(ErrorMapping.Error(
                ErrorMapping.UnsupportedParameter, $"{IdempotencyKeys.Header} together with session_id is not supported by this server.", IdempotencyKeys.Header));
        }

        var id = IdempotencyKeys.Id("idem_", "chat/completions", key);
        ResponseSnapshot? first = null;
        for (var choice = 0; choice < call.Choices; choice++)
        {
            var turn = await stored.StartAsync(IdOf(id, choice), new ResponseStart { Request = call.RequestOf(choice), Fingerprint = fingerprint, KeepFor = keepFor });
            first ??= turn;
        }

        return new(stored, id, call with { Request = call.Request with { RequestId = first!.Start.Request.RequestId } }, first.Created.ToUnixTimeSeconds());
    }

    /// <summary>The events of a choice, from the first.</summary>
    public async IAsyncEnumerable<ChatEvent> ReadAsync(int choice, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var step in StoredTurn.ReadAsync(_stored, IdOf(_id, choice), cancellationToken))
        {
            yield return step.Event
                ?? throw new RequestException(step.Stopped!.ErrorCode ?? RequestErrors.Unavailable, step.Stopped.ErrorMessage ?? "the turn was ended before its answer was complete");
        }
    }

    private static string IdOf(string id, int choice) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{id}_{choice}");
}
