using System.Runtime.InteropServices;

namespace XLLM.Silo.Transfer.Forms;

/// <summary>8-bit codes, symmetric, with one F32 scale per 64 elements: all scales first, then all codes. The error of an element is at most half a scale.</summary>
/// <param name="elementBytes">4: F32; 2: BF16.</param>
internal sealed class Int8Form(int elementBytes) : IKvForm
{
    /// <summary>Elements that share a scale: a head's width in most models, so a head with large values spoils no other.</summary>
    private const int GroupElements = 64;

    private const int LargestCode = 127;

    /// <inheritdoc/>
    public KvForm Kind => KvForm.Int8;

    /// <inheritdoc/>
    public int Bound(int rawBytes) => (Groups(rawBytes / elementBytes) * sizeof(float)) + (rawBytes / elementBytes);

    /// <inheritdoc/>
    public int Encode(ReadOnlySpan<byte> raw, Span<byte> destination)
    {
        var elements = raw.Length / elementBytes;
        var scales = MemoryMarshal.Cast<byte, float>(destination[..(Groups(elements) * sizeof(float))]);
        var codes = MemoryMarshal.Cast<byte, sbyte>(destination.Slice(scales.Length * sizeof(float), elements));
        Span<float> values = stackalloc float[GroupElements];
        for (var group = 0; group < scales.Length; group++)
        {
            var first = group * GroupElements;
            var count = Math.Min(GroupElements, elements - first);
            var largest = 0f;
            for (var i = 0; i < count; i++)
            {
                values[i] = Read(raw, first + i);
                largest = Math.Max(largest, Math.Abs(values[i]));
            }

            if (!float.IsFinite(largest))
            {
                return -1;      // also where an element is no number: the largest of it is none either
            }

            var scale = largest / LargestCode;
            scales[group] = scale;
            for (var i = 0; i < count; i++)
            {
                codes[first + i] = scale == 0 ? (sbyte)0 : (sbyte)Math.Clamp(MathF.Round(values[i] / scale), -LargestCode, LargestCode);
            }
        }

        return Bound(raw.Length);
    }

    /// <inheritdoc/>
    public bool TryDecode(ReadOnlySpan<byte> payload, Span<byte> raw)
    {
        var elements = raw.Length / elementBytes;
        if (payload.Length != Bound(raw.Length))
        {
            return false;
        }

        var scales = MemoryMarshal.Cast<byte, float>(payload[..(Groups(elements) * sizeof(float))]);
        var codes = MemoryMarshal.Cast<byte, sbyte>(payload.Slice(scales.Length * sizeof(float), elements));
        for (var i = 0; i < elements; i++)
        {
            Write(raw, i, codes[i] * scales[i / GroupElements]);
        }

        return true;
    }

    private static int Groups(int elements) => (elements + GroupElements - 1) / GroupElements;

    private float Read(ReadOnlySpan<byte> raw, int index) => elementBytes == sizeof(float)
        ? MemoryMarshal.Cast<byte, float>(raw)[index]
        : BitConverter.Int32BitsToSingle(MemoryMarshal.Cast<byte, short>(raw)[index] << 16);

    private void Write(Span<byte> raw, int index, float value)
    {
        if (elementBytes == sizeof(float))
        {
            MemoryMarshal.Cast<byte, float>(raw)[index] = value;
            return;
        }

        // To nearest, ties to even; codes times scales are finite.
        var bits = BitConverter.SingleToInt32Bits(value);
        MemoryMarshal.Cast<byte, short>(raw)[index] = (short)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
