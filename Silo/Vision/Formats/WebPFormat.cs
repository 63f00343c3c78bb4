using SkiaSharp;

namespace XLLM.Silo.Vision.Formats;

/// <summary>WebP, lossy or lossless; of an animation the first frame. Its work is bounded by its pixels, so nothing is taken out.</summary>
/// <remarks>Source: RFC 9649.</remarks>
internal sealed class WebPFormat : IPictureFormat
{
    public string Name => "WebP";

    public SKEncodedImageFormat Encoded => SKEncodedImageFormat.Webp;

    public bool Recognizes(ReadOnlySpan<byte> file) => file.Length >= 12 && file.StartsWith("RIFF"u8) && file[8..].StartsWith("WEBP"u8);

    public DecodePlan Plan(ReadOnlyMemory<byte> file) => new(file);
}
