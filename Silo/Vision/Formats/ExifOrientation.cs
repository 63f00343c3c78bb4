using System.Buffers.Binary;

namespace XLLM.Silo.Vision.Formats;

/// <summary>Finds the orientation in a block of EXIF, for the formats whose decoder does not.</summary>
/// <remarks>
/// EXIF is a TIFF file without pixels: byte order, 42, the place of a list of entries of 12 bytes (tag, type, number of values, value).
/// Source: TIFF 6.0 section 2; CIPA DC-008, tag 0x0112.
/// </remarks>
internal static class ExifOrientation
{
    private const ushort Tag = 0x0112;
    private const ushort Short = 3;
    private const int EntryBytes = 12;

    /// <summary>1 to 8; null where there is none or the block is damaged, which no reader takes for a reason to refuse the picture.</summary>
    public static int? In(ReadOnlySpan<byte> exif)
    {
        if (exif.Length < 8 || !(exif.StartsWith("II"u8) || exif.StartsWith("MM"u8)))
        {
            return null;
        }

        var bigEndian = exif[0] == 'M';
        var list = bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(exif[4..]) : BinaryPrimitives.ReadUInt32LittleEndian(exif[4..]);
        if (list > exif.Length - 2)
        {
            return null;
        }

        var entries = exif[((int)list + 2)..];
        for (var left = Number(exif[(int)list..], bigEndian); left > 0 && entries.Length >= EntryBytes; left--, entries = entries[EntryBytes..])
        {
            if (Number(entries, bigEndian) == Tag && Number(entries[2..], bigEndian) == Short)
            {
                return Number(entries[8..], bigEndian) is var value and >= 1 and <= 8 ? value : null;
            }
        }

        return null;
    }

    private static ushort Number(ReadOnlySpan<byte> bytes, bool bigEndian) =>
        bigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
}
