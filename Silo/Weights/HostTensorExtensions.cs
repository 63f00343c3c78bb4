using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights;

/// <summary>Reads small tensors into arrays, and shows arrays as tensors.</summary>
internal static unsafe class HostTensorExtensions
{
    /// <summary>Copies an F32 tensor.</summary>
    /// <exception cref="CheckpointException">It is of another type.</exception>
    public static float[] ToFloats(this HostTensor tensor) => Copy<float>(tensor, DType.F32);

    /// <summary>Copies an I32 tensor.</summary>
    /// <exception cref="CheckpointException">It is of another type.</exception>
    public static int[] ToIntegers(this HostTensor tensor) => Copy<int>(tensor, DType.I32);

    /// <summary>Copies an I32 or I64 tensor.</summary>
    /// <exception cref="CheckpointException">It is of another type.</exception>
    public static long[] ToWideIntegers(this HostTensor tensor) =>
        tensor.DType == DType.I32 ? Array.ConvertAll(Copy<int>(tensor, DType.I32), value => (long)value) : Copy<long>(tensor, DType.I64);

    /// <summary>An array as a tensor of one dimension.</summary>
    /// <param name="values">Copied.</param>
    /// <param name="name">For messages.</param>
    public static HostTensor AsHostTensor(this ReadOnlySpan<float> values, string name)
    {
        var pinned = GC.AllocateUninitializedArray<float>(values.Length, pinned: true);
        values.CopyTo(pinned);
        var address = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));
        return new HostTensor(name, DType.F32, [values.Length], address, pinned);
    }

    /// <summary>The elements where they lie: to read, or to write into memory that was made for them. At most 2^31 - 1.</summary>
    public static Span<T> Values<T>(this HostTensor tensor)
        where T : unmanaged => new((void*)tensor.Data, checked((int)(tensor.Bytes / sizeof(T))));

    /// <summary>A row of a matrix where it lies.</summary>
    public static Span<T> Row<T>(this HostTensor matrix, int row)
        where T : unmanaged => new((T*)matrix.Data + ((long)row * matrix.Shape[1]), matrix.Shape[1]);

    /// <summary>"type [dimensions]", for messages.</summary>
    public static string Describe(this HostTensor tensor) => $"{tensor.DType} [{string.Join(", ", tensor.Shape)}]";

    private static T[] Copy<T>(HostTensor tensor, DType expected)
        where T : unmanaged
    {
        if (tensor.DType != expected)
        {
            throw new CheckpointException($"tensor \"{tensor.Name}\" is {tensor.Describe()}, expected {expected}");
        }

        var values = new ReadOnlySpan<T>((void*)tensor.Data, checked((int)tensor.Elements)).ToArray();
        GC.KeepAlive(tensor.Owner);
        return values;
    }
}
