using System.Runtime.InteropServices;
using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights;

/// <summary>Native memory that lives as long as it is referred to: for weights that cannot stay where their file has them.</summary>
internal sealed unsafe class HostMemory
{
    private const int Alignment = 64;

    private readonly long _bytes;

    /// <param name="bytes">Size; its contents are undefined.</param>
    /// <param name="purpose">What it is for: for the message.</param>
    /// <exception cref="CheckpointException">The system has not that much.</exception>
    public HostMemory(long bytes, string purpose)
    {
        try
        {
            Address = (nint)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), Alignment);
        }
        catch (OutOfMemoryException exception)
        {
            throw new CheckpointException($"no memory for {bytes} more bytes of {purpose}; use a smaller model", exception);
        }

        _bytes = bytes;
        if (_bytes > 0)
        {
            // Without it the collector would not know that a small object holds much, and would let it lie.
            GC.AddMemoryPressure(_bytes);
        }
    }

    ~HostMemory()
    {
        NativeMemory.AlignedFree((void*)Address);
        if (_bytes > 0)
        {
            GC.RemoveMemoryPressure(_bytes);
        }
    }

    /// <summary>First byte; aligned to 64.</summary>
    public nint Address { get; }

    /// <summary>Makes room for a tensor.</summary>
    /// <param name="name">For messages.</param>
    /// <param name="type">Element type.</param>
    /// <param name="shape">Dimensions, slowest first.</param>
    /// <returns>The tensor, its numbers undefined.</returns>
    public static HostTensor Tensor(string name, DType type, params int[] shape)
    {
        var bytes = shape.Aggregate((long)type.Size(), (product, dimension) => checked(product * dimension));
        var memory = new HostMemory(bytes, name);
        return new HostTensor(name, type, shape, memory.Address, memory);
    }
}
