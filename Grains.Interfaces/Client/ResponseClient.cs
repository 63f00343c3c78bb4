using System.Runtime.CompilerServices;
using Microsoft.Extensions.Options;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Responses;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>Stored answers over their grains. All calls may be repeated: a start is idempotent by its id, so each is asked again once where a silo was lost.</summary>
internal sealed class ResponseClient(IGrainFactory grains, IOptions<InferenceClientOptions> options) : IResponseClient
{
    /// <inheritdoc/>
    public Task<ResponseSnapshot> StartAsync(string responseId, ResponseStart start) => GrainCalls.RetryOnLossAsync(() => Grain(responseId).StartAsync(start));

    /// <inheritdoc/>
    public Task<ResponseSnapshot?> GetAsync(string responseId) => GrainCalls.RetryOnLossAsync(() => Grain(responseId).GetAsync());

    /// <inheritdoc/>
    public Task<ResponseSnapshot?> CancelAsync(string responseId) => GrainCalls.RetryOnLossAsync(() => Grain(responseId).CancelAsync());

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string responseId) => GrainCalls.RetryOnLossAsync(() => Grain(responseId).DeleteAsync());

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

            if (loss is null)
            {
                yield break;                // cancelled or failed in mid-turn: the snapshot says so
            }

            if (++losses >= options.Value.MaxStarts)
            {
                throw new RequestException(RequestErrors.Unavailable, $"response {responseId} was lost {losses} times in a row after event {read}: {loss.Message}");
            }
        }
    }

    private IResponseGrain Grain(string responseId) => grains.GetGrain<IResponseGrain>(responseId);
}
