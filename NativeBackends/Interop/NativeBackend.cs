using System.Runtime.InteropServices;
using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Interop;

/// <summary>A backend of the native library: opens, closes, imports. Which device it is, the library knows; this class is for all of them.</summary>
internal sealed unsafe class NativeBackend : IBackend
{
    private readonly BackendHandle _handle = new();
    private readonly NativeOps _ops;
    private readonly List<DeviceMemory> _imported = [];
    private readonly bool _usesHostMemory;

    /// <summary>Opens a backend of the library.</summary>
    /// <exception cref="OpException">It cannot run here, or an option is out of range.</exception>
    public NativeBackend(string name, BackendOptions options)
    {
        var nativeOptions = new NativeOptions(options);
        nint address;
        NativeMethods.BackendOpen(name, &nativeOptions, &address).ThrowIfFailed();
        _handle.Take(address);
        _usesHostMemory = NativeMethods.BackendUsesHostMemory(_handle) != 0;
        _ops = new NativeOps(_handle, _usesHostMemory);
        Name = name;
        Description = Marshal.PtrToStringUTF8((nint)NativeMethods.BackendDescription(_handle))!;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public IOps Ops => _ops;

    /// <summary>The backends of the library, best first; where there is no library, the one that every build of it has, and why it is missing.</summary>
    public static IEnumerable<BackendEntry> Entries()
    {
        if (NativeLibraryResolver.Missing is { } reason)
        {
            return [new BackendEntry("cpu", () => reason, _ => throw new OpException($"cpu: {reason}"))];
        }

        return Enumerable.Range(0, NativeMethods.BackendCount()).Select(index =>
        {
            var name = Marshal.PtrToStringUTF8((nint)NativeMethods.BackendName(index))!;
            return new BackendEntry(name, () => Marshal.PtrToStringUTF8((nint)NativeMethods.BackendMissing(index)), options => new NativeBackend(name, options));
        });
    }

    /// <inheritdoc/>
    public Weight ImportWeight(HostWeight source)
    {
        if (_usesHostMemory)
        {
            return HostImport.View(source);
        }

        source.Validate();
        var parts = new List<NativeMemory>();
        return HostImport.Place(source, Copy, parts);

        nint Copy(HostTensor part)
        {
            var memory = Keep(part.Bytes);
            parts.Add(memory);
            NativeMethods.Upload(_handle, (void*)part.Data, memory.Address, part.Bytes).ThrowIfFailed(part.Name);
            GC.KeepAlive(part.Owner);
            return memory.Address;
        }
    }

    /// <inheritdoc/>
    public Tensor ImportVector(HostTensor source)
    {
        var format = HostImport.Format(source);
        var values = new float[checked((int)source.Elements)];
        HostImport.Decode((byte*)source.Data, format, values);
        GC.KeepAlive(source);
        var memory = Keep((long)values.Length * sizeof(float));
        Upload(MemoryMarshal.AsBytes(values.AsSpan()), memory.Address);
        return new Tensor(memory.Address, DType.F32, 1, values.Length);
    }

    /// <inheritdoc/>
    public DeviceMemory Allocate(long bytes) => NativeMemory.Allocate(_handle, bytes);

    /// <inheritdoc/>
    public void Upload(ReadOnlySpan<byte> source, nint destination)
    {
        fixed (byte* start = source)
        {
            NativeMethods.Upload(_handle, start, destination, source.Length).ThrowIfFailed();
        }
    }

    /// <inheritdoc/>
    public void Download(nint source, Span<byte> destination)
    {
        fixed (byte* start = destination)
        {
            NativeMethods.Download(_handle, source, start, destination.Length).ThrowIfFailed();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ops.Dispose();
        _imported.ForEach(memory => memory.Dispose());
        _imported.Clear();
        _handle.Dispose();
    }

    private NativeMemory Keep(long bytes)
    {
        var memory = NativeMemory.Allocate(_handle, bytes);
        _imported.Add(memory);
        return memory;
    }
}
