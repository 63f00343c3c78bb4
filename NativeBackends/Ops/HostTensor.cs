namespace XLLM.NativeBackends.Ops;

/// <summary>A tensor in host memory (usually a memory-mapped file) that a backend may import.</summary>
/// <param name="Name">Name in the checkpoint; for error messages.</param>
/// <param name="DType">Element type.</param>
/// <param name="Shape">Dimensions, slowest first.</param>
/// <param name="Data">Address of the first element; dense, no alignment promised.</param>
/// <param name="Owner">Keeps the memory alive while referenced.</param>
public sealed record HostTensor(string Name, DType DType, IReadOnlyList<int> Shape, nint Data, object Owner)
{
    /// <summary>Product of the dimensions.</summary>
    public long Elements => Shape.Aggregate(1L, (product, dimension) => product * dimension);

    /// <summary>Bytes of all elements.</summary>
    public long Bytes => Elements * DType.Size();
}
