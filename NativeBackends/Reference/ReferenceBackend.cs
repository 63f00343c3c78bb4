using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

/// <summary>Plain C# on one thread: obviously right, the oracle of every other backend, and what serves where nothing else is built.</summary>
public sealed unsafe class ReferenceBackend : IBackend
{
    /// <summary>The name users write.</summary>
    public const string BackendName = "reference";

    private readonly ReferenceOps _ops = new();
    private readonly List<DeviceMemory> _vectors = [];

    /// <inheritdoc/>
    public string Name => BackendName;

    /// <inheritdoc/>
    public string Description => "plain C#, 1 thread";

    /// <inheritdoc/>
    public IOps Ops => _ops;

    /// <inheritdoc/>
    public Weight ImportWeight(HostWeight source) => HostImport.View(source);

    /// <inheritdoc/>
    public Tensor ImportVector(HostTensor source)
    {
        var format = HostImport.Format(source);
        var elements = checked((int)source.Elements);
        var memory = Allocate((long)elements * sizeof(float));
        _vectors.Add(memory);
        HostImport.Decode((byte*)source.Data, format, new Span<float>((void*)memory.Address, elements));
        return new Tensor(memory.Address, DType.F32, 1, elements);
    }

    /// <inheritdoc/>
    public DeviceMemory Allocate(long bytes) => ReferenceMemory.Allocate(bytes);

    /// <inheritdoc/>
    public void Upload(ReadOnlySpan<byte> source, nint destination) => source.CopyTo(new Span<byte>((void*)destination, source.Length));

    /// <inheritdoc/>
    public void Download(nint source, Span<byte> destination) => new ReadOnlySpan<byte>((void*)source, destination.Length).CopyTo(destination);

    /// <inheritdoc/>
    public void Dispose()
    {
        _ops.Dispose();
        _vectors.ForEach(memory => memory.Dispose());
        _vectors.Clear();
    }
}
