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

    /// <summary>Converts elements to F32, exactly.</summary>
    /// <param name="first">First element, in storage order.</param>
    /// <param name="result">As many elements as are wanted.</param>
    /// <exception cref="OpException">The type is not F32, BF16 or F16, or there are not that many elements.</exception>
    public unsafe void ReadFloats(long first, Span<float> result)
    {
        if (first < 0 || first + result.Length > Elements)
        {
            throw new OpException($"{Name}: elements {first} to {first + result.Length} of {Elements}");
        }

        HostImport.Decode((byte*)Data + (first * DType.Size()), HostImport.Format(this), result);
        GC.KeepAlive(Owner);
    }
}
