using System.Buffers.Binary;
using SkiaSharp;

namespace XLLM.Silo.Vision.Formats;

/// <summary>JPEG, baseline or progressive, with a limit on how often a file may go over its pixels.</summary>
/// <remarks>
/// A progressive picture is refined by scans, each of which touches every block but may be a hundred bytes long: a file of 20 MB could ask for
/// 200,000 passes over 64 megapixels. Encoders write at most about 20 scans. Source: ITU-T T.81, annexes B and G.
/// </remarks>
internal sealed class JpegFormat : IPictureFormat
{
    /// <summary>Most scans of one file. Five times what the most thorough encoders write.</summary>
    public const int MaxScans = 100;

    private const byte MarkerStart = 0xFF;
    private const byte StartOfScan = 0xDA;

    public string Name => "JPEG";

    public SKEncodedImageFormat Encoded => SKEncodedImageFormat.Jpeg;

    public bool Recognizes(ReadOnlySpan<byte> file) => file.StartsWith((ReadOnlySpan<byte>)[MarkerStart, 0xD8, MarkerStart]);

    public DecodePlan Plan(ReadOnlyMemory<byte> file)
    {
        var scans = CountScans(file.Span);
        return scans <= MaxScans
            ? new DecodePlan(file)
            : throw new PictureException($"the JPEG picture has {scans} scans; at most {MaxScans} are decoded");
    }

    // Metadata before the first scan may hold any bytes, a thumbnail with scans of its own among them, and is stepped over by its lengths. From the
    // first scan on, coded data never holds the marker, so that every occurrence counts, whatever a damaged file makes the decoder skip.
    private static int CountScans(ReadOnlySpan<byte> file)
    {
        var place = 2;
        while (place + 4 <= file.Length && file[place] == MarkerStart && HasLength(file[place + 1]))
        {
            place += 2 + BinaryPrimitives.ReadUInt16BigEndian(file[(place + 2)..]);
        }

        var scans = 0;
        while (place < file.Length)
        {
            var found = file[place..].IndexOf((ReadOnlySpan<byte>)[MarkerStart, StartOfScan]);
            if (found < 0)
            {
                break;
            }

            scans++;
            place += found + 2;
        }

        return scans;
    }

    // Not so the restart markers, start and end of the picture, and bytes that are no marker at all; a scan ends the walk.
    private static bool HasLength(byte marker) => marker is >= 0xC0 and < 0xD0 or > StartOfScan and < MarkerStart;
}
