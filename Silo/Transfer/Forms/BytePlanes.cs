using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace XLLM.Silo.Transfer.Forms;

/// <summary>The bytes of each place within an element together: all first bytes, then all second ones, and back. Pure.</summary>
/// <remarks>Elements of 4 and 2 bytes go 16 at a time: a byte at a time it takes longer than Zstandard does.</remarks>
internal static class BytePlanes
{
    /// <summary>Elements to planes.</summary>
    /// <param name="raw">Elements, one after the other.</param>
    /// <param name="elementBytes">1, 2 or 4.</param>
    /// <param name="planes">As long; overwritten.</param>
    public static void Split(ReadOnlySpan<byte> raw, int elementBytes, Span<byte> planes)
    {
        var elements = raw.Length / elementBytes;
        var done = elementBytes switch
        {
            4 => SplitWords(MemoryMarshal.Cast<byte, uint>(raw), planes),
            2 => SplitHalves(MemoryMarshal.Cast<byte, ushort>(raw), planes),
            _ => 0,
        };
        for (var place = 0; place < elementBytes; place++)
        {
            for (var i = done; i < elements; i++)
            {
                planes[(place * elements) + i] = raw[(i * elementBytes) + place];
            }
        }
    }

    /// <summary>Planes to elements.</summary>
    /// <param name="planes">As <see cref="Split"/> has left them.</param>
    /// <param name="elementBytes">1, 2 or 4.</param>
    /// <param name="raw">As long; overwritten.</param>
    public static void Join(ReadOnlySpan<byte> planes, int elementBytes, Span<byte> raw)
    {
        var elements = raw.Length / elementBytes;
        var done = elementBytes switch
        {
            4 => JoinWords(planes, MemoryMarshal.Cast<byte, uint>(raw)),
            2 => JoinHalves(planes, MemoryMarshal.Cast<byte, ushort>(raw)),
            _ => 0,
        };
        for (var place = 0; place < elementBytes; place++)
        {
            for (var i = done; i < elements; i++)
            {
                raw[(i * elementBytes) + place] = planes[(place * elements) + i];
            }
        }
    }

    private static int SplitWords(ReadOnlySpan<uint> raw, Span<byte> planes)
    {
        var (elements, at) = (raw.Length, 0);
        var mask = Vector128.Create(0xFFu);
        for (; at + 16 <= elements; at += 16)
        {
            var (a, b, c, d) = (Vector128.Create(raw[at..]), Vector128.Create(raw[(at + 4)..]), Vector128.Create(raw[(at + 8)..]), Vector128.Create(raw[(at + 12)..]));
            for (var place = 0; place < 4; place++)
            {
                var shift = 8 * place;
                var low = Vector128.Narrow((a >>> shift) & mask, (b >>> shift) & mask);
                var high = Vector128.Narrow((c >>> shift) & mask, (d >>> shift) & mask);
                Vector128.Narrow(low, high).CopyTo(planes[((place * elements) + at)..]);
            }
        }

        return at;
    }

    private static int SplitHalves(ReadOnlySpan<ushort> raw, Span<byte> planes)
    {
        var (elements, at) = (raw.Length, 0);
        var mask = Vector128.Create((ushort)0xFF);
        for (; at + 16 <= elements; at += 16)
        {
            var (a, b) = (Vector128.Create(raw[at..]), Vector128.Create(raw[(at + 8)..]));
            Vector128.Narrow(a & mask, b & mask).CopyTo(planes[at..]);
            Vector128.Narrow(a >>> 8, b >>> 8).CopyTo(planes[(elements + at)..]);
        }

        return at;
    }

    private static int JoinWords(ReadOnlySpan<byte> planes, Span<uint> raw)
    {
        var (elements, at) = (raw.Length, 0);
        for (; at + 16 <= elements; at += 16)
        {
            var (low, high) = (Halves(planes, at, elements), Halves(planes, (2 * elements) + at, elements));
            var (a, b) = (Vector128.Widen(low.First), Vector128.Widen(high.First));
            (a.Lower | (b.Lower << 16)).CopyTo(raw[at..]);
            (a.Upper | (b.Upper << 16)).CopyTo(raw[(at + 4)..]);
            var (c, d) = (Vector128.Widen(low.Second), Vector128.Widen(high.Second));
            (c.Lower | (d.Lower << 16)).CopyTo(raw[(at + 8)..]);
            (c.Upper | (d.Upper << 16)).CopyTo(raw[(at + 12)..]);
        }

        return at;
    }

    private static int JoinHalves(ReadOnlySpan<byte> planes, Span<ushort> raw)
    {
        var (elements, at) = (raw.Length, 0);
        for (; at + 16 <= elements; at += 16)
        {
            var (first, second) = Halves(planes, at, elements);
            first.CopyTo(raw[at..]);
            second.CopyTo(raw[(at + 8)..]);
        }

        return at;
    }

    /// <summary>16 bytes of a plane and of the one after it, joined to 16 halves.</summary>
    private static (Vector128<ushort> First, Vector128<ushort> Second) Halves(ReadOnlySpan<byte> planes, int at, int elements)
    {
        var (a, b) = (Vector128.Widen(Vector128.Create(planes[at..])), Vector128.Widen(Vector128.Create(planes[(at + elements)..])));
        return (a.Lower | (b.Lower << 8), a.Upper | (b.Upper << 8));
    }
}
