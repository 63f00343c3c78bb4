using System.Runtime.InteropServices;
using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

/// <summary>Zeroed memory of the C allocator, which leaves large ranges to the system: pages are taken when first written.</summary>
internal sealed unsafe class ReferenceMemory : DeviceMemory
{
    private const int Alignment = 64;

    private void* _start;

    private ReferenceMemory(void* start, long bytes)
        : base((nint)(((nuint)start + Alignment - 1) / Alignment * Alignment), bytes) => _start = start;

    ~ReferenceMemory() => Free();

    /// <summary>Takes memory.</summary>
    /// <exception cref="OpException">More than this process may have.</exception>
    public static ReferenceMemory Allocate(long bytes)
    {
        var limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (bytes < 0 || bytes > limit)
        {
            throw new OpException($"allocate: {bytes:N0} bytes asked, this process may have {limit:N0}");
        }

        try
        {
            return new ReferenceMemory(NativeMemory.AllocZeroed((nuint)bytes + Alignment), bytes);
        }
        catch (OutOfMemoryException exception)
        {
            throw new OpException($"allocate: {bytes:N0} bytes asked, the system refused; this process may have {limit:N0}", exception);
        }
    }

    /// <inheritdoc/>
    protected override void Free()
    {
        NativeMemory.Free(_start);
        _start = null;
    }
}
