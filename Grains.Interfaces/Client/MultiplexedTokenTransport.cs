using System.Runtime.CompilerServices;
using Orleans.Runtime;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>One stream per silo that carries all generations there: whole steps travel in one message. In the own silo events are passed by reference, each generation for itself.</summary>
/// <remarks>Measured between two silos with 128 sequences: 10 % of a processor at the reading side instead of 44 %, 0.5 ms a token instead of 3.5.</remarks>
/// <param name="grains">Reaches the silos.</param>
/// <param name="direct">For the own silo.</param>
/// <param name="localSilo">Parsable address of the own silo; null in a process outside the cluster.</param>
/// <param name="deaths">Tells of dead silos.</param>
internal sealed class MultiplexedTokenTransport(IGrainFactory grains, GrainTokenTransport direct, string? localSilo, ISiloDeaths deaths) : ITokenTransport, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, SiloConnection> _connections = new(StringComparer.Ordinal);
    private bool _closed;

    /// <inheritdoc/>
    public IAsyncEnumerable<GenerationEvent> GenerateAsync(ReplicaKey replica, GenerationRequest request, CancellationToken cancellationToken) =>
        replica.Silo == localSilo ? direct.GenerateAsync(replica, request, cancellationToken) : OverLaneAsync(replica, request, cancellationToken);

    /// <summary>Ends all connections and opens no further one. To be called while silos can still be told so.</summary>
    public Task CloseAsync()
    {
        SiloConnection[] open;
        lock (_gate)
        {
            _closed = true;
            open = [.. _connections.Values];
        }

        return Task.WhenAll(open.Select(connection => connection.DisposeAsync().AsTask()));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await CloseAsync();

    private async IAsyncEnumerable<GenerationEvent> OverLaneAsync(
        ReplicaKey replica, GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (connection, lane, events) = Open(replica.Silo);
        using var watch = deaths.Watch(replica.Silo, () => connection.Break(new SiloUnavailableException($"silo {replica.Silo} is dead")));
        var hasEnded = false;
        try
        {
            var start = connection.Grain.StartAsync(lane, request);
            if (await Task.WhenAny(start, events.Completion).WaitAsync(cancellationToken) == start)
            {
                await start;
            }
            else
            {
                Ignore(start);          // its lane is broken, and tells why
            }

            await foreach (var next in events.ReadAllAsync(cancellationToken))
            {
                hasEnded = next is GenerationEnded;
                yield return next;
                if (hasEnded)
                {
                    yield break;
                }
            }
        }
        finally
        {
            connection.Close(lane);
            if (!hasEnded)
            {
                Leave(connection, lane);
            }
        }
    }

    private (SiloConnection Connection, int Lane, System.Threading.Channels.ChannelReader<GenerationEvent> Events) Open(string silo)
    {
        while (true)
        {
            SiloConnection? connection;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_closed, this);
                if (!_connections.TryGetValue(silo, out connection))
                {
                    // A new caller each time: what a broken connection has left behind on the silo is never met again.
                    var grain = grains.GetGrain<IReplicaStreamsGrain>(new ReplicaKey(Guid.NewGuid().ToString("n"), silo).ToString());
                    _connections.Add(silo, connection = new SiloConnection(grain, broken => Forget(silo, broken)));
                }
            }

            if (connection.TryOpen() is { } opened)
            {
                return (connection, opened.Lane, opened.Events);
            }

            Forget(silo, connection);
        }
    }

    private void Forget(string silo, SiloConnection broken)
    {
        lock (_gate)
        {
            if (_connections.TryGetValue(silo, out var current) && current == broken)
            {
                _connections.Remove(silo);
            }
        }
    }

    /// <summary>Tells the silo without waiting for it: who leaves may be gone, and a silo that is lost has nothing to abort.</summary>
    private static void Leave(SiloConnection connection, int lane) => Ignore(connection.Grain.LeaveAsync(lane));

    private static void Ignore(Task call) =>
        _ = call.ContinueWith(static left => _ = left.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
}
