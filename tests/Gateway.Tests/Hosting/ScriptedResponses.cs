using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Responses;

namespace XLLM.Gateway.Tests.Hosting;

/// <summary>Stored answers of the scripted platform: a turn runs when it is read first.</summary>
internal sealed class ScriptedResponses(IInferenceClient client) : IResponseClient
{
    public ConcurrentDictionary<string, ResponseSnapshot> Stored { get; } = [];

    public Task<ResponseSnapshot> StartAsync(string responseId, ResponseStart start)
    {
        var snapshot = Stored.GetOrAdd(responseId, _ => new()
        {
            ResponseId = responseId, Start = start, Status = ResponseStatus.InProgress, Events = [], Created = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000),
        });
        return snapshot.Start.Fingerprint == start.Fingerprint
            ? Task.FromResult(snapshot)
            : throw new RequestException(RequestErrors.IdempotencyConflict, $"{responseId} was used for another request before");
    }

    public async IAsyncEnumerable<ChatEvent> ReadAsync(string responseId, int after = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var snapshot = Stored[responseId];
        if (snapshot.Status == ResponseStatus.InProgress)
        {
            var events = new List<ChatEvent>();
            await foreach (var next in client.ChatAsync(snapshot.Start.Request, cancellationToken))
            {
                events.Add(next);
            }

            Stored[responseId] = snapshot = snapshot with { Status = ResponseStatus.Ended, Events = [.. events], Ended = snapshot.Created };
        }

        foreach (var next in snapshot.Events.Skip(after))
        {
            yield return next;
        }
    }

    public Task<ResponseSnapshot?> GetAsync(string responseId) => Task.FromResult(Stored.GetValueOrDefault(responseId));

    public Task<ResponseSnapshot?> CancelAsync(string responseId)
    {
        if (Stored.TryGetValue(responseId, out var snapshot))
        {
            Stored[responseId] = snapshot with { Status = ResponseStatus.Cancelled };
        }

        return GetAsync(responseId);
    }

    public Task<bool> DeleteAsync(string responseId) => Task.FromResult(Stored.TryRemove(responseId, out _));
}
