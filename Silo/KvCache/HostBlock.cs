using System.Runtime.InteropServices;

namespace XLLM.Silo.KvCache;

/// <summary>Host memory for one KV block in some form: a header's room, then the payload. Counted references; the last release gives the memory back.</summary>
/// <remarks>Native memory, since KV bytes on the managed heap would make collections long (decision D10). Thread-safe in its count, not in its bytes.</remarks>
internal sealed unsafe class HostBlock
{
    /// <summary>Bytes before the payload, for what describes it; keeps the payload on a cache line.</summary>
    public const int HeaderBytes = 64;

    private readonly HostMemory _owner;
    private readonly byte* _start;
    private int _references = 1;

    internal HostBlock(HostMemory owner, int payloadBytes)
    {
        (_owner, Capacity) = (owner, payloadBytes);
        _start = (byte*)NativeMemory.AlignedAlloc((nuint)(HeaderBytes + payloadBytes), 64);
    }

    /// <summary>Most bytes of a payload.</summary>
    public int Capacity { get; }

    /// <summary>Bytes of memory.</summary>
    public int TotalBytes => HeaderBytes + Capacity;

    /// <summary>Header and payload.</summary>
    public Span<byte> Bytes => new(_start, TotalBytes);

    /// <summary>The payload.</summary>
    public Span<byte> Payload => new(_start + HeaderBytes, Capacity);

    /// <summary>Adds a reference. The caller has one already.</summary>
    public HostBlock AddReference()
    {
        Interlocked.Increment(ref _references);
        return this;
    }

    /// <summary>Gives a reference up.</summary>
    public void Release()
    {
        var left = Interlocked.Decrement(ref _references);
        if (left == 0)
        {
            _owner.Return(this);
        }
        else if (left < 0)
        {
            throw new InvalidOperationException("a host block was released more often than it was referenced");
        }
    }

    internal void Revive() => _references = 1;

    internal void Free() => NativeMemory.AlignedFree(_start);
}
