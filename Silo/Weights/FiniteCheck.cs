using System.Numerics;
using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights;

/// <summary>Finds NaN and infinity in weights: one such number spreads over every token, so it must end in an error at load, not in empty answers.</summary>
/// <remarks>A number is not finite when all bits of its exponent are set (E4M3: all bits but the sign). Checked a vector at a time, at about the speed of memory.</remarks>
internal static unsafe class FiniteCheck
{
    /// <summary>Elements that one vectorized pass sees before the exact place is looked for.</summary>
    private const int Piece = 1 << 20;

    /// <summary>Index of the first element that is NaN or infinite, or -1. Integers are always finite.</summary>
    /// <param name="tensor">Any type.</param>
    /// <param name="mostElements">Elements to look at, spread evenly in runs over the tensor; all where it has no more than that.</param>
    public static long FirstNonFinite(HostTensor tensor, long mostElements = long.MaxValue)
    {
        var found = tensor.DType switch
        {
            DType.F32 => Search<uint>(tensor, 0x7F80_0000, mostElements),
            DType.BF16 => Search<ushort>(tensor, 0x7F80, mostElements),
            DType.F16 => Search<ushort>(tensor, 0x7C00, mostElements),
            DType.F8E4M3 => Search<byte>(tensor, 0x7F, mostElements),
            _ => -1,
        };
        GC.KeepAlive(tensor.Owner);
        return found;
    }

    private static long Search<T>(HostTensor tensor, T mask, long mostElements)
        where T : unmanaged, IBinaryInteger<T>
    {
        const int SampleRuns = 16;
        var elements = tensor.Elements;
        var (piece, step) = elements <= mostElements ? (Piece, Piece) : (Math.Max(1, mostElements / SampleRuns), Math.Max(1, elements / SampleRuns));
        for (var start = 0L; start < elements; start += step)
        {
            var values = new ReadOnlySpan<T>((T*)tensor.Data + start, (int)Math.Min(piece, elements - start));
            if (ContainsAllBits(values, mask))
            {
                for (var i = 0; i < values.Length; i++)
                {
                    if ((values[i] & mask) == mask)
                    {
                        return start + i;
                    }
                }
            }
        }

        return -1;
    }

    private static bool ContainsAllBits<T>(ReadOnlySpan<T> values, T mask)
        where T : unmanaged, IBinaryInteger<T>
    {
        var masks = new Vector<T>(mask);
        var i = 0;
        for (; i <= values.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            if (Vector.EqualsAny(new Vector<T>(values[i..]) & masks, masks))
            {
                return true;
            }
        }

        for (; i < values.Length; i++)
        {
            if ((values[i] & mask) == mask)
            {
                return true;
            }
        }

        return false;
    }
}
