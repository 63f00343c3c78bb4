using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Interop;

/// <summary>Memory of a native backend. Holds the backend open until it is freed.</summary>
internal sealed unsafe class NativeMemory : DeviceMemory
{
    private readonly BackendHandle _backend;
    private int _freed;

    private NativeMemory(BackendHandle backend, nint address, long bytes)
        : base(address, bytes) => _backend = backend;

    ~NativeMemory() => Free();

    /// <summary>Takes zeroed memory.</summary>
    /// <exception cref="OpException">Not that much; the message has both numbers.</exception>
    public static NativeMemory Allocate(BackendHandle backend, long bytes)
    {
        nint address;
        NativeMethods.Allocate(backend, bytes, &address).ThrowIfFailed();
        var held = false;
        backend.DangerousAddRef(ref held);
        return new NativeMemory(backend, address, bytes);
    }

    /// <inheritdoc/>
    protected override void Free()
    {
        if (Interlocked.Exchange(ref _freed, 1) == 0)
        {
            // The status is of no use: freeing what was allocated can only fail with the device itself, and then it is gone anyway.
            _ = NativeMethods.Free(_backend.DangerousGetHandle(), Address, Bytes);
            _backend.DangerousRelease();
        }
    }
}
