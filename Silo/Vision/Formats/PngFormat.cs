using System.Buffers.Binary;
using SkiaSharp;

namespace XLLM.Silo.Vision.Formats;

/// <summary>PNG. Only the chunks that make the pixels reach the decoder; the orientation is read here.</summary>
/// <remarks>
/// Text and colour profile chunks unpack on their own, up to a thousand times their size each, before the first pixel: 20 MB of them cost seconds.
/// Transparency (tRNS) goes too, since the models' processors show what lies under transparent pixels; animation chunks leave the still picture.
/// Without gAMA, sRGB and iCCP the samples come out as stored, which is what the processors compute with.
/// Source: Portable Network Graphics, third edition (W3C 2025), sections 5 and 11.
/// </remarks>
internal sealed class PngFormat : IPictureFormat
{
    // A chunk is a length, a name, the data, and a checksum over name and data.
    private const int LengthBytes = 4;
    private const int NameBytes = 4;
    private const int ChecksumBytes = 4;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    public string Name => "PNG";

    public SKEncodedImageFormat Encoded => SKEncodedImageFormat.Png;

    public bool Recognizes(ReadOnlySpan<byte> file) => file.StartsWith(Signature);

    public DecodePlan Plan(ReadOnlyMemory<byte> file)
    {
        var bytes = file.Span;
        var kept = new byte[bytes.Length];
        Signature.CopyTo(kept);
        var keptBytes = Signature.Length;
        var place = Signature.Length;
        int? orientation = null;
        while (true)
        {
            var left = bytes.Length - place;
            if (left < LengthBytes + NameBytes + ChecksumBytes)
            {
                throw new PictureException($"the PNG picture ends early: a chunk should begin at byte {place} of {bytes.Length}");
            }

            var data = BinaryPrimitives.ReadUInt32BigEndian(bytes[place..]);
            if (data > (uint)(left - LengthBytes - NameBytes - ChecksumBytes))
            {
                throw new PictureException(
                    $"the PNG picture ends early: its chunk at byte {place} claims {data} bytes of data, but {left - LengthBytes - NameBytes - ChecksumBytes} follow");
            }

            var name = bytes.Slice(place + LengthBytes, NameBytes);
            var chunk = bytes.Slice(place, LengthBytes + NameBytes + (int)data + ChecksumBytes);
            if (MakesPixels(name))
            {
                chunk.CopyTo(kept.AsSpan(keptBytes));
                keptBytes += chunk.Length;
            }
            else if (name.SequenceEqual("eXIf"u8))
            {
                orientation ??= ExifOrientation.In(chunk.Slice(LengthBytes + NameBytes, (int)data));
            }

            place += chunk.Length;
            if (name.SequenceEqual("IEND"u8))
            {
                return new DecodePlan(kept.AsMemory(0, keptBytes), Orientation: orientation);
            }
        }
    }

    private static bool MakesPixels(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("IHDR"u8) || name.SequenceEqual("PLTE"u8) || name.SequenceEqual("IDAT"u8) || name.SequenceEqual("IEND"u8);
}
