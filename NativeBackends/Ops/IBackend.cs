namespace XLLM.NativeBackends.Ops;

/// <summary>A device and its memory. One engine owns one backend; all members but <see cref="IDisposable.Dispose"/> are called by one thread at a time.</summary>
public interface IBackend : IDisposable
{
    /// <summary>Short name as users write it: "reference", "cpu".</summary>
    string Name { get; }

    /// <summary>What it runs on, for people: "AVX-512, 2 threads".</summary>
    string Description { get; }

    /// <summary>The operations.</summary>
    IOps Ops { get; }

    /// <summary>Makes a matrix usable in <see cref="IOps.Linear"/> and <see cref="IOps.Embedding"/>. Host backends keep a view of the source, others copy it.</summary>
    /// <param name="source">[rows, columns] of F32, BF16 or F16; one dimension is one row.</param>
    /// <exception cref="OpException">The element type or the number of dimensions is not supported; the message names the tensor.</exception>
    Weight ImportWeight(HostTensor source) => ImportWeight(HostWeight.FromDense(source));

    /// <summary>Makes a matrix of any format usable in <see cref="IOps.Linear"/> and <see cref="IOps.Embedding"/>. Host backends keep a view of the source, others copy it.</summary>
    /// <param name="source">Codes, and what belongs to them.</param>
    /// <exception cref="OpException">The parts do not fit each other; the message names the tensor and the numbers.</exception>
    Weight ImportWeight(HostWeight source);

    /// <summary>Converts a vector (norm weights, biases, frequencies) to F32 in backend memory. Lives as long as the backend.</summary>
    /// <param name="source">Any shape; read in storage order.</param>
    /// <returns>F32 [1, elements].</returns>
    Tensor ImportVector(HostTensor source);

    /// <summary>Reserves zeroed memory for KV pools. Physical pages are taken when first written, where the system can.</summary>
    /// <exception cref="OpException">Not that much memory; the message has both numbers.</exception>
    DeviceMemory Allocate(long bytes);

    /// <summary>Copies from host memory to the backend's.</summary>
    void Upload(ReadOnlySpan<byte> source, nint destination);

    /// <summary>Copies from the backend's memory to the host's; waits for ops that write it.</summary>
    void Download(nint source, Span<byte> destination);
}

/// <summary>A range of backend memory; freed by <see cref="IDisposable.Dispose"/>.</summary>
public abstract class DeviceMemory(nint address, long bytes) : IDisposable
{
    /// <summary>First byte, aligned to 64 or more.</summary>
    public nint Address { get; } = address;

    /// <summary>Size of the range.</summary>
    public long Bytes { get; } = bytes;

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the memory back; called once.</summary>
    protected abstract void Free();
}
