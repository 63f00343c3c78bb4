using System.Runtime.InteropServices;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Tests.Models;

/// <summary>A backend with <see cref="ShapeOps"/> and no memory.</summary>
internal sealed class ShapeBackend : IBackend
{
    public ShapeOps Shapes { get; } = new();

    public string Name => "shapes";

    public string Description => "nothing";

    public IOps Ops => Shapes;

    public Weight ImportWeight(HostWeight source) => new(source.Name, source.Format, source.Rows, source.Columns, 0, source.Codes.Owner);

    public Tensor ImportVector(HostTensor source) => new(0, DType.F32, 1, (int)source.Elements);

    public DeviceMemory Allocate(long bytes) => new NoMemory(bytes);

    public void Upload(ReadOnlySpan<byte> source, nint destination)
    {
    }

    public void Download(nint source, Span<byte> destination) => destination.Clear();

    public void Dispose()
    {
    }

    private sealed class NoMemory(long bytes) : DeviceMemory(0, bytes)
    {
        protected override void Free()
        {
        }
    }
}

/// <summary>Tensors of any shape, all of them the same zeros: pages of memory that are never written take none.</summary>
internal sealed unsafe class ZeroSource : ITensorSource, IDisposable
{
    private static readonly long MostBytes = 4L << 30;

    private readonly nint _zeros = (nint)NativeMemory.AllocZeroed(checked((nuint)MostBytes));

    /// <summary>Every tensor that was asked for, in order.</summary>
    public List<string> Asked { get; } = [];

    public string Place => "zeros";

    public IReadOnlyCollection<string>? Names => null;

    public long? TotalBytes => null;

    public HostTensor? Find(string name, IReadOnlyList<int> shape, DType type = DType.BF16)
    {
        Asked.Add(name);
        var tensor = new HostTensor(name, type, shape, _zeros, this);
        return tensor.Bytes <= MostBytes ? tensor : throw new InvalidOperationException($"{name} takes {tensor.Bytes} bytes");
    }

    public void Dispose() => NativeMemory.Free((void*)_zeros);
}
