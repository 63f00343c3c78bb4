namespace XLLM.Grains.Interfaces.Client;

/// <summary>A grain's stream, read step by step; a lost silo is a value here, since C# cannot yield inside a catch.</summary>
internal sealed class LosableStream<T>(IAsyncEnumerable<T> events, CancellationToken cancellationToken) : IAsyncDisposable
    where T : class
{
    private readonly IAsyncEnumerator<T> _events = events.GetAsyncEnumerator(cancellationToken);
    private bool _isLost;

    /// <summary>The next event; or why there is none: (null, null) where the stream ended, (null, loss) where its silo is lost. Other failures are thrown. A stream that somebody else cancelled is lost: its silo stops.</summary>
    public async ValueTask<(T? Next, Exception? Loss)> NextAsync()
    {
        try
        {
            return (await _events.MoveNextAsync() ? _events.Current : null, null);
        }
        catch (Exception exception) when ((ReplicaLoss.Is(exception) || exception is OperationCanceledException) && !cancellationToken.IsCancellationRequested)
        {
            _isLost = true;
            return (null, exception);
        }
    }

    /// <summary>Aborts the stream if it still goes on. Waits for its silo's answer unless the silo is lost: Orleans tries for seconds to reach it, and the reader wants to go on elsewhere.</summary>
    public ValueTask DisposeAsync()
    {
        var leaving = LeaveAsync();
        return _isLost ? ValueTask.CompletedTask : new ValueTask(leaving);
    }

    private async Task LeaveAsync()
    {
        try
        {
            await _events.DisposeAsync();
        }
        catch (Exception exception) when (_isLost || ReplicaLoss.Is(exception) || exception is ObjectDisposedException)
        {
            // A lost silo cannot be told that its reader left, nor can anybody by a process that has left the cluster; what nobody reads is aborted.
        }
    }
}
