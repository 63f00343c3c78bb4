using SkiaSharp;

namespace XLLM.Silo.Vision.Formats;

/// <summary>Windows bitmaps. Its work is bounded by its pixels, so nothing is taken out.</summary>
internal sealed class BmpFormat : IPictureFormat
{
    public string Name => "BMP";

    public SKEncodedImageFormat Encoded => SKEncodedImageFormat.Bmp;

    public bool Recognizes(ReadOnlySpan<byte> file) => file.StartsWith("BM"u8);

    public DecodePlan Plan(ReadOnlyMemory<byte> file) => new(file);
}
