using System.Threading.Channels;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;
using XLLM.Silo.KvCache;

namespace XLLM.Silo.Transfer;

/// <summary>Writes packets to storage in runs, in the background. What does not fit its queue, or fails, is dropped: storage is a cache.</summary>
internal sealed partial class StoreWriter : IAsyncDisposable
{
    /// <summary>A run ends when it has this many bytes: one piece of the store where blocks are small.</summary>
    private const int RunBytes = 1 << 20;

    /// <summary>Packets that wait; their memory is bounded by the host memory that they were lent.</summary>
    private const int QueueCapacity = 4096;

    /// <summary>How long the end waits for what is not written yet: a few hundred MB where storage works, and well within the host's own patience.</summary>
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(8);

    /// <summary>How long a run waits for more blocks: those of one prompt come within a few steps' copies.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(20);

    private readonly Channel<(KvBlockName Name, HostBlock Packet)> _queue =
        Channel.CreateBounded<(KvBlockName, HostBlock)>(new BoundedChannelOptions(QueueCapacity) { SingleReader = true });

    private readonly IKvStore _store;
    private readonly TierCounters _counters;
    private readonly PendingWork _pending;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _abandoned;
    private readonly Task _writing;
    private bool _failing;
    private long _runs;

    public StoreWriter(IKvStore store, TierCounters counters, PendingWork pending, TimeProvider clock, ILogger logger)
    {
        (_store, _counters, _pending, _clock, _logger) = (store, counters, pending, clock, logger);
        _abandoned = new CancellationTokenSource();
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Takes a packet over, with the caller's reference. Never waits.</summary>
    public void Offer(KvBlockName name, HostBlock packet)
    {
        _pending.Begin();
        if (!_queue.Writer.TryWrite((name, packet)))
        {
            packet.Release();
            _counters.Drop();
            _pending.End();
        }
    }

    /// <summary>Writes what waits, as far as <see cref="FlushTimeout"/> allows, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        using var limit = new CancellationTokenSource(FlushTimeout, _clock);
        using var abandons = limit.Token.Register(_abandoned.Cancel);
        await _writing;
        _abandoned.Dispose();
    }

    private async Task WriteAsync()
    {
        var run = new List<(KvBlockName Name, HostBlock Packet)>();
        while (await _queue.Reader.WaitToReadAsync())
        {
            await CollectAsync(run);
            try
            {
                await WriteAsync(run);
                _failing = false;
            }
            catch (Exception exception)
            {
                _counters.Drop(run.Count);
                if (!_failing)
                {
                    _failing = true;
                    LogNotWritten(exception, run.Count);
                }
            }
            finally
            {
                foreach (var (_, packet) in run)
                {
                    packet.Release();
                    _pending.End();
                }

                run.Clear();
            }
        }
    }

    private async Task CollectAsync(List<(KvBlockName Name, HostBlock Packet)> run)
    {
        var bytes = 0L;
        var lingered = false;
        while (bytes < RunBytes)
        {
            if (_queue.Reader.TryPeek(out var next) && (run.Count == 0 || bytes + Length(next.Packet) <= RunBytes))
            {
                _queue.Reader.TryRead(out next);
                run.Add(next);
                bytes += Length(next.Packet);
            }
            else if (next.Packet is not null || lingered)
            {
                return;
            }
            else
            {
                lingered = true;
                await Task.Delay(Linger, _clock);
            }
        }
    }

    private async Task WriteAsync(List<(KvBlockName Name, HostBlock Packet)> run)
    {
        // The run's name must be new: a run that was evicted may come again while its pieces are being deleted.
        var id = run[0].Name.Hash.Next([(int)_clock.GetTimestamp(), (int)(_clock.GetTimestamp() >> 32), (int)++_runs, run.Count]);
        var whole = new StoredRun(
            id,
            [.. run.Select(block => block.Name.Hash)],
            [.. run.Select(block => checked((byte)block.Name.Group))],
            [.. run.Select(block => Length(block.Packet))]);
        if (await _store.ReserveAsync(whole).WaitAsync(_abandoned.Token) is not { } missing)
        {
            return;
        }

        var wanted = missing.Hashes.Zip(missing.Groups, (hash, group) => new KvBlockName(hash, group)).ToHashSet();
        var bytes = new byte[missing.TotalBytes];
        var at = 0;
        foreach (var (name, packet) in run)
        {
            if (wanted.Contains(name))
            {
                packet.Bytes[..Length(packet)].CopyTo(bytes.AsSpan(at));
                at += Length(packet);
                _counters.Demoted();
            }
        }

        await _store.WriteAsync(missing, bytes).WaitAsync(_abandoned.Token);
    }

    private static int Length(HostBlock packet) => KvPacket.Length(packet.Bytes, packet.Capacity);

    [LoggerMessage(3202, LogLevel.Warning, "{Blocks} KV blocks were not stored; until storage works again, others will not be either")]
    private partial void LogNotWritten(Exception exception, int blocks);
}
