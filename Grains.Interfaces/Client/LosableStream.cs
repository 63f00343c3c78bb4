namespace XLLM.Grains.Interfaces.Client;

/// <summary>A grain's stream, read step by step; a lost silo is a value here, since C# cannot yield inside a catch.</summary>
internal sealed class LosableStream<T>(IAsyncEnumerable<T> events, CancellationToken cancellationToken) : IAsyncDisposable
    where T : class
{
    private readonly IAsyncEnumerator<T> _events = events.GetAsyncEnumerator(cancellationToken);

    /// <summary>The next event; or why there is none: (null, null) where the stream ended, (null, loss) where its silo is lost. Other failures are thrown.</summary>
    public async ValueTask<(T? Next, Exception? Loss)> NextAsync()
    {
        try
        {
            return (await _events.MoveNextAsync() ? _events.Current : null, null);
        }
        catch (Exception exception) when (ReplicaLoss.Is(exception) && !cancellationToken.IsCancellationRequested)
        {
            return (null, exception);
        }
    }

    /// <summary>Aborts the stream if it still goes on.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _events.DisposeAsync();
        }
        catch (Exception exception) when (ReplicaLoss.Is(exception))
        {
            // A lost silo cannot be told that its reader left; it aborts what nobody reads.
        }
    }
}
