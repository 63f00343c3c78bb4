using System.Diagnostics.CodeAnalysis;

namespace XLLM.Silo.KvCache;

/// <summary>Lends host memory for KV blocks, up to a bound. Whole blocks are kept for the next borrower, other sizes go back to the system. Thread-safe; never waits.</summary>
internal sealed class HostMemory : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Stack<HostBlock> _free;
    private readonly long _mostBytes;
    private long _lentBytes;
    private long _keptBytes;
    private bool _disposed;

    /// <param name="blockBytes">Payload of a whole KV block, at least 1.</param>
    /// <param name="mostBytes">Most bytes lent at a time.</param>
    public HostMemory(int blockBytes, long mostBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockBytes, 1);
        (BlockBytes, _mostBytes) = (blockBytes, mostBytes);
        _free = new Stack<HostBlock>((int)Math.Min(1 << 16, (mostBytes / (blockBytes + HostBlock.HeaderBytes)) + 1));
    }

    /// <summary>Payload of a whole KV block.</summary>
    public int BlockBytes { get; }

    /// <summary>Bytes lent now.</summary>
    public long LentBytes
    {
        get
        {
            lock (_gate)
            {
                return _lentBytes;
            }
        }
    }

    /// <summary>Lends room for a whole KV block; false if there is none. The caller has its one reference.</summary>
    public bool TryRent([NotNullWhen(true)] out HostBlock? block) => TryRent(BlockBytes, out block);

    /// <summary>Lends room for a payload; false if there is none. The caller has its one reference.</summary>
    public bool TryRent(int payloadBytes, [NotNullWhen(true)] out HostBlock? block)
    {
        block = null;
        var bytes = payloadBytes + HostBlock.HeaderBytes;
        lock (_gate)
        {
            if (_disposed || _lentBytes + bytes > _mostBytes)
            {
                return false;
            }

            _lentBytes += bytes;
            if (payloadBytes == BlockBytes && _free.TryPop(out block))
            {
                _keptBytes -= bytes;
                block.Revive();
                return true;
            }

            // What is kept counts too: kept blocks make room for a size that is not theirs.
            while (_lentBytes + _keptBytes > _mostBytes && _free.TryPop(out var kept))
            {
                _keptBytes -= kept.TotalBytes;
                kept.Free();
            }
        }

        block = new HostBlock(this, payloadBytes);
        return true;
    }

    /// <summary>Frees what is kept; blocks that are still lent are freed when they come back.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            while (_free.TryPop(out var block))
            {
                block.Free();
            }

            _keptBytes = 0;
        }
    }

    internal void Return(HostBlock block)
    {
        lock (_gate)
        {
            _lentBytes -= block.TotalBytes;
            if (block.Capacity == BlockBytes && !_disposed)
            {
                _keptBytes += block.TotalBytes;
                _free.Push(block);
                return;
            }
        }

        block.Free();
    }
}
