using SkiaSharp;

namespace XLLM.Silo.Vision.Formats;

/// <summary>GIF, its first frame, without transparency.</summary>
/// <remarks>
/// The models' processors drop transparency, so a transparent pixel shows the palette's colour, where the decoder would give black: the flag is
/// cleared in a copy. What the first frame leaves unpainted has the transparent colour's entry, or the first one.
/// Source: GIF89a specification (CompuServe 1990), sections 18 to 23.
/// </remarks>
internal sealed class GifFormat : IPictureFormat
{
    private const int HeaderBytes = 13;
    private const int DescriptorBytes = 10;
    private const byte Extension = 0x21;
    private const byte GraphicControl = 0xF9;
    private const byte ImageDescriptor = 0x2C;
    private const byte HasPalette = 0x80;
    private const byte IsTransparent = 0x01;

    public string Name => "GIF";

    public SKEncodedImageFormat Encoded => SKEncodedImageFormat.Gif;

    public bool Recognizes(ReadOnlySpan<byte> file) => file.StartsWith("GIF87a"u8) || file.StartsWith("GIF89a"u8);

    public DecodePlan Plan(ReadOnlyMemory<byte> file)
    {
        var bytes = file.ToArray();
        if (bytes.Length < HeaderBytes)
        {
            throw Short(bytes.Length, HeaderBytes);
        }

        var palette = PaletteAt(bytes, HeaderBytes, bytes[10]);
        var place = HeaderBytes + palette.Length;
        var transparent = 0;
        while (true)
        {
            if (place + DescriptorBytes > bytes.Length)
            {
                throw Short(bytes.Length, place + DescriptorBytes);
            }

            if (bytes[place] == ImageDescriptor)
            {
                var own = PaletteAt(bytes, place + DescriptorBytes, bytes[place + 9]);
                return new DecodePlan(bytes, Colour(own.Length > 0 ? own : palette, transparent));
            }

            if (bytes[place] != Extension)
            {
                throw new PictureException($"the GIF picture is damaged: byte {bytes[place]} at {place} begins neither an extension nor a frame");
            }

            if (bytes[place + 1] == GraphicControl && bytes[place + 2] >= 4)
            {
                transparent = (bytes[place + 3] & IsTransparent) != 0 ? bytes[place + 6] : 0;
                bytes[place + 3] &= unchecked((byte)~IsTransparent);
            }

            place = AfterSubBlocks(bytes, place + 2);
        }
    }

    private static ReadOnlySpan<byte> PaletteAt(byte[] bytes, int place, byte flags)
    {
        if ((flags & HasPalette) == 0)
        {
            return [];
        }

        var length = 3 * (2 << (flags & 7));
        return place + length <= bytes.Length ? bytes.AsSpan(place, length) : throw Short(bytes.Length, place + length);
    }

    private static (byte, byte, byte)? Colour(ReadOnlySpan<byte> palette, int index) =>
        3 * index < palette.Length ? (palette[3 * index], palette[(3 * index) + 1], palette[(3 * index) + 2]) : null;

    private static int AfterSubBlocks(byte[] bytes, int place)
    {
        while (place < bytes.Length && bytes[place] != 0)
        {
            place += 1 + bytes[place];
        }

        return place + 1;
    }

    private static PictureException Short(int have, int need) => new($"the GIF picture ends early: it has {have} bytes, and its first frame begins after {need} at least");
}
