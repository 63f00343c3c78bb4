using System.Runtime.CompilerServices;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Responses;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>Stored answers over their grains. All calls may be repeated: a start is idempotent by its id, so each is made again where a silo was lost.</summary>
internal sealed class ResponseClient(IGrainFactory grains, TimeProvider clock) : IResponseClient
{
    /// <inheritdoc/>
    public Task<ResponseSnapshot> StartAsync(string responseId, ResponseStart start) => LossPatience.CallAsync(() => Grain(responseId).StartAsync(start), clock);

    /// <inheritdoc/>
    public Task<ResponseSnapshot?> GetAsync(string responseId) => LossPatience.CallAsync(() => Grain(responseId).GetAsync(), clock);

    /// <inheritdoc/>
    public Task<ResponseSnapshot?> CancelAsync(string responseId) => LossPatience.CallAsync(() => Grain(responseId).CancelAsync(), clock);

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string responseId) => LossPatience.CallAsync(() => Grain(responseId).DeleteAsync(), clock);

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatEvent> ReadAsync(string responseId, int after = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var read = after;
        for (var losses = 0; ;)
        {
            await using var run = new LosableStream<ChatEvent>(Grain(responseId).ReadAsync(read, cancellationToken), cancellationToken);
            var (next, loss) = await run.NextAsync();
            while (next is not null)
            {
                read++;
                losses = 0;
                yield return next;
                if (next is ChatEnded)
                {
                    yield break;
                }

                (next, loss) = await run.NextAsync();
            }

            if (loss is null && await GetAsync(responseId) is not { Status: ResponseStatus.InProgress })
            {
                yield break;                // cancelled or failed in mid-turn: the snapshot says so
            }

            var pause = LossPatience.PauseAfter(++losses)
                ?? throw new RequestException(RequestErrors.Unavailable, $"response {responseId} was lost {losses} times in a row after event {read}: {loss?.Message ?? "its stream ended early"}");
            await Task.Delay(pause, clock, cancellationToken);
        }
    }

    private IResponseGrain Grain(string responseId) => grains.GetGrain<IResponseGrain>(responseId);
}
