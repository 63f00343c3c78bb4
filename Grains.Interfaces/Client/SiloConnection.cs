using System.Threading.Channels;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>One caller's stream from one silo, and the lanes that it carries. When it breaks, every lane breaks with the same cause and the connection is over.</summary>
internal sealed class SiloConnection : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _leave = new();
    private readonly Dictionary<int, Channel<GenerationEvent>> _lanes = [];
    private readonly Action<SiloConnection> _onBroken;
    private readonly Task _reading;
    private Exception? _cause;
    private int _nextLane;

    /// <param name="grain">The silo's side; its key was never used before.</param>
    /// <param name="onBroken">Called once, when the connection is over.</param>
    public SiloConnection(IReplicaStreamsGrain grain, Action<SiloConnection> onBroken)
    {
        (Grain, _onBroken) = (grain, onBroken);
        _reading = ReadAsync();
    }

    /// <summary>The silo's side.</summary>
    public IReplicaStreamsGrain Grain { get; }

    /// <summary>Opens a lane; null: the connection is over.</summary>
    public (int Lane, ChannelReader<GenerationEvent> Events)? TryOpen()
    {
        // A lane holds what its own generation has said and its reader has not read: no more than one answer.
        var channel = Channel.CreateUnbounded<GenerationEvent>(new UnboundedChannelOptions { SingleReader = true });
        lock (_gate)
        {
            if (_cause is not null)
            {
                return null;
            }

            _lanes.Add(++_nextLane, channel);
            return (_nextLane, channel.Reader);
        }
    }

    /// <summary>Closes a lane.</summary>
    public void Close(int lane)
    {
        lock (_gate)
        {
            _lanes.Remove(lane);
        }
    }

    /// <summary>Leaves the silo's stream, which it is told where it can be reached. May be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        await _leave.CancelAsync();
        await _reading;
    }

    /// <summary>Ends the connection; every lane's reader gets the cause. Whoever is first says why.</summary>
    public void Break(Exception cause)
    {
        Channel<GenerationEvent>[] lanes;
        lock (_gate)
        {
            if (_cause is not null)
            {
                return;
            }

            _cause = cause;
            lanes = [.. _lanes.Values];
            _lanes.Clear();
        }

        _onBroken(this);
        foreach (var lane in lanes)
        {
            lane.Writer.TryComplete(cause);
        }
    }

    private async Task ReadAsync()
    {
        await Task.Yield();                     // whoever opened the connection is never told that it is over from inside its constructor
        Exception cause = new EnumerationAbortedException("the silo ended the stream of its generations");
        await using var batches = new LosableStream<GenerationBatch>(Grain.ListenAsync(_leave.Token), _leave.Token);
        try
        {
            var (next, loss) = await batches.NextAsync().ConfigureAwait(false);
            while (next is not null)
            {
                Dispatch(next);
                (next, loss) = await batches.NextAsync().ConfigureAwait(false);
            }

            cause = loss ?? cause;
        }
#pragma warning disable CA1031 // Nothing is swallowed: every lane's reader gets it.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            cause = exception;
        }

        Break(cause);           // before the stream is left: that may be a call to a silo which is gone
    }

    private void Dispatch(GenerationBatch batch)
    {
        lock (_gate)
        {
            for (var i = 0; i < batch.Lanes.Length; i++)
            {
                if (_lanes.TryGetValue(batch.Lanes[i], out var lane))
                {
                    lane.Writer.TryWrite(batch.Events[i]);
                }
            }
        }
    }
}
