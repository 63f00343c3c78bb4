using XLLM.Silo.KvCache;
using XLLM.Silo.Transfer.Forms;

namespace XLLM.Silo.Transfer;

/// <summary>A thread that seals blocks which came out of the pool and puts them into the host tier. What falls out of that, or policy wants there too, goes on to storage.</summary>
/// <remarks>At first, while it has nothing to do, it warms up the code by which blocks are sealed and opened.</remarks>
internal sealed partial class TierWorker : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<(KvBlockName Name, HostBlock Raw)> _queue = new();
    private readonly List<(KvBlockName Name, HostBlock Block)> _evicted = [];
    private readonly KvTierOptions _options;
    private readonly LayoutFingerprint _layout;
    private readonly IKvForm _form;
    private readonly HostMemory _memory;
    private readonly HostTier _host;
    private readonly StoreWriter? _store;
    private readonly KvChangeFeed _feed;
    private readonly TierCounters _counters;
    private readonly PendingWork _pending;
    private readonly ILogger _logger;
    private readonly byte[] _scratch;
    private readonly PacketWarmUp _warmUp;
    private readonly Thread _thread;
    private bool _stops;

    public TierWorker(
        string model, KvTierOptions options, LayoutFingerprint layout, IKvForm form, HostMemory memory, HostTier host, StoreWriter? store,
        KvChangeFeed feed, TierCounters counters, PendingWork pending, ILogger logger)
    {
        (_options, _layout, _form, _memory, _host, _store, _feed, _counters, _pending, _logger) =
            (options, layout, form, memory, host, store, feed, counters, pending, logger);
        _scratch = form.Kind == KvForm.Exact ? [] : new byte[form.Bound(memory.BlockBytes)];
        _warmUp = new PacketWarmUp(form, memory.BlockBytes);
        _thread = new Thread(Run) { Name = $"{model} KV tiers", IsBackground = true, Priority = ThreadPriority.BelowNormal };
        _thread.Start();
    }

    /// <summary>Called when the queue has become empty: host memory may have come back.</summary>
    public Action? Idle { get; set; }

    /// <summary>Takes a block over, with the caller's reference.</summary>
    public void Add(KvBlockName name, HostBlock raw)
    {
        _pending.Begin();
        lock (_gate)
        {
            _queue.Enqueue((name, raw));
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Ends the thread after what it has.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stops = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
    }

    private void Run()
    {
        while (TryTake(out var work))
        {
            if (work.Raw is null)
            {
                _warmUp.Run();
                continue;
            }

            try
            {
                Keep(work.Name, work.Raw);
            }
            catch (Exception exception)
            {
                // A block that cannot be kept is computed again; the thread must live for the others.
                _host.Unexpect(work.Name);
                _counters.Drop();
                LogNotKept(exception);
            }
            finally
            {
                _pending.End();
            }
        }
    }

    /// <summary>The next block to keep, or none while there is time to warm up; false at the end.</summary>
    private bool TryTake(out (KvBlockName Name, HostBlock? Raw) work)
    {
        lock (_gate)
        {
            while (_queue.Count == 0)
            {
                if (_stops)
                {
                    work = default;
                    return false;
                }

                if (_warmUp.IsDone)
                {
                    Monitor.Wait(_gate);
                }
                else if (!Monitor.Wait(_gate, PacketWarmUp.Pause))
                {
                    work = default;
                    return true;
                }
            }

            work = _queue.Dequeue();
        }

        return true;
    }

    private void Keep(KvBlockName name, HostBlock raw)
    {
        var packet = Seal(name, raw);
        if (packet is null)
        {
            _host.Unexpect(name);
            _counters.Drop();
        }
        else
        {
            Keep(name, packet, isNew: true);
        }

        lock (_gate)
        {
            if (_queue.Count > 0)
            {
                return;
            }
        }

        Idle?.Invoke();
    }

    /// <summary>Puts a sealed packet into the host tier, taking over the caller's reference.</summary>
    /// <param name="name">What it holds.</param>
    /// <param name="packet">The packet.</param>
    /// <param name="isNew">It came from the pool: storage may not have it.</param>
    public void Keep(KvBlockName name, HostBlock packet, bool isNew)
    {
        lock (_evicted)
        {
            if (isNew && _store is not null && _options.WritePolicy != KvWritePolicy.WriteBack)
            {
                _store.Offer(name, packet.AddReference());
            }

            _evicted.Clear();
            if (_host.TryAdd(name, packet, _evicted))
            {
                _feed.Host(name, isStored: true);
                if (isNew)
                {
                    _counters.Demoted();
                }
            }
            else
            {
                packet.Release();
            }

            _counters.Evicted(_evicted.Count);
            foreach (var (gone, block) in _evicted)
            {
                _feed.Host(gone, isStored: false);
                if (_store is not null && _options.WritePolicy == KvWritePolicy.WriteBack)
                {
                    _store.Offer(gone, block);
                }
                else
                {
                    block.Release();
                }
            }
        }
    }

    /// <summary>Stores blocks again whose run was deleted for a damaged one beside them. Those that left host memory meanwhile are computed and stored when they are next wanted.</summary>
    public void StoreAgain(IEnumerable<KvBlockName> names)
    {
        if (_store is null || _options.WritePolicy == KvWritePolicy.WriteBack)
        {
            return;         // write-back stores them when they leave host memory
        }

        foreach (var name in names)
        {
            if (_host.TryTake(name, out var packet))
            {
                _store.Offer(name, packet);
            }
        }
    }

    /// <summary>Turns the pool's bytes into a packet; null if there is no room or the form refuses them. Takes over the reference.</summary>
    private HostBlock? Seal(KvBlockName name, HostBlock raw)
    {
        if (_form.Kind == KvForm.Exact)
        {
            KvPacket.Seal(raw.Bytes, new KvPacketHeader(KvForm.Exact, name, raw.Capacity, raw.Capacity), _layout);
            return raw;
        }

        try
        {
            var bytes = _form.Encode(raw.Payload, _scratch);
            if (bytes < 0 || !_memory.TryRent(bytes, out var packet))
            {
                return null;
            }

            _scratch.AsSpan(0, bytes).CopyTo(packet.Payload);
            KvPacket.Seal(packet.Bytes, new KvPacketHeader(_form.Kind, name, raw.Capacity, bytes), _layout);
            return packet;
        }
        finally
        {
            raw.Release();
        }
    }

    [LoggerMessage(3201, LogLevel.Error, "A KV block could not be kept")]
    private partial void LogNotKept(Exception exception);
}
