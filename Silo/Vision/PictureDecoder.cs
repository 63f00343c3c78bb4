using SkiaSharp;
using XLLM.Silo.Vision.Formats;

namespace XLLM.Silo.Vision;

/// <summary>The bytes of a picture file become red, green and blue, upright. Safe for any bytes; safe for many threads.</summary>
/// <remarks>
/// What the reference loader gives is followed: samples as stored (no colour management), 16-bit samples cut to their high byte, alpha dropped
/// without blending, the first frame of animations, the orientation applied. One difference: 16-bit gray is cut to its high byte like 16-bit
/// colour, where Pillow turns nearly all of it white.
/// </remarks>
internal sealed class PictureDecoder(PictureOptions options)
{
    // What the decoder writes: red, green, blue, alpha.
    private const int DecodedBytesPerPixel = 4;

    /// <summary>Decodes a PNG, JPEG, WebP, GIF or BMP file.</summary>
    /// <returns>[height, width, 3] as shown, that is after its orientation.</returns>
    /// <exception cref="PictureException">Too large, damaged, cut off, or no picture.</exception>
    public unsafe Picture Decode(ReadOnlyMemory<byte> file)
    {
        if (file.IsEmpty)
        {
            throw new PictureException("the picture is empty");
        }

        if (file.Length > options.MaxBytes)
        {
            throw new PictureException($"the picture has {file.Length} bytes; at most {options.MaxBytes} are allowed");
        }

        var format = PictureFormats.Of(file.Span);
        var plan = format.Plan(file);
        using var pin = plan.File.Pin();
        using var data = SKData.Create((nint)pin.Pointer, plan.File.Length);
        using var codec = SKCodec.Create(data);
        if (codec is null || codec.EncodedFormat != format.Encoded)
        {
            throw new PictureException($"the {format.Name} picture of {file.Length} bytes is damaged: its header cannot be read");
        }

        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if (width < 1 || height < 1 || (long)width * height > options.MaxPixels)
        {
            throw new PictureException($"the {format.Name} picture has {width} x {height} = {(long)width * height} pixels; 1 to {options.MaxPixels} are allowed");
        }

        var samples = new byte[(long)width * height * DecodedBytesPerPixel];
        fixed (byte* to = samples)
        {
            // No colour space: samples come as stored. Unpremultiplied: what lies under transparent pixels stays.
            var result = codec.GetPixels(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, null), (nint)to);
            if (result != SKCodecResult.Success)
            {
                throw new PictureException($"the {format.Name} picture of {width} x {height} pixels {Fault(result)}");
            }
        }

        Pack(samples, width * height, plan.Unpainted);
        return PictureOrientation.Upright(new Picture(width, height, samples), plan.Orientation ?? (int)codec.EncodedOrigin);
    }

    private static string Fault(SKCodecResult result) => result switch
    {
        SKCodecResult.IncompleteInput => "ends early: pixels are missing",
        SKCodecResult.ErrorInInput => "is damaged: its pixels cannot be read",
        _ => $"cannot be decoded ({result})",
    };

    // In place, since a large picture should not exist twice: three of every four bytes move to the front.
    private static void Pack(byte[] samples, int pixels, (byte Red, byte Green, byte Blue)? unpainted)
    {
        for (int pixel = 0, from = 0, to = 0; pixel < pixels; pixel++, from += DecodedBytesPerPixel, to += Picture.Channels)
        {
            var (red, green, blue) = unpainted is { } colour && samples[from + 3] == 0 ? colour : (samples[from], samples[from + 1], samples[from + 2]);
            (samples[to], samples[to + 1], samples[to + 2]) = (red, green, blue);
        }
    }
}
