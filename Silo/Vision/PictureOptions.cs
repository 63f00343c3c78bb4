using System.Globalization;

namespace XLLM.Silo.Vision;

/// <summary>How much of a caller's pictures this process is willing to decode.</summary>
internal sealed class PictureOptions
{
    /// <summary>Most bytes of one encoded picture. 1 byte to 1 GiB. Default 20 MiB.</summary>
    /// <remarks>20 MB a picture is what the OpenAI API documented for vision inputs.</remarks>
    public int MaxBytes { get; set; } = 20 << 20;

    /// <summary>Most pixels (width * height) that a picture's header may announce. 1 to 268,435,456 pixels. Default 67,108,864 (64 megapixels).</summary>
    /// <remarks>
    /// Decoding takes 4 bytes a pixel: 256 MiB at the default. Pillow warns above 89 million pixels, the memory of a 24-bit picture of 256 MiB;
    /// 64 megapixels is the power of two below. The upper end is the longest array of 4 bytes a pixel that .NET has room for, halved.
    /// </remarks>
    public int MaxPixels { get; set; } = 64 << 20;

    /// <summary>Most pictures in one request. 1 to 10,000. Default 100.</summary>
    /// <remarks>100 images a request is the limit of the Anthropic Messages API.</remarks>
    public int MaxPictures { get; set; } = 100;

    /// <summary>Most bytes of all encoded pictures of one request. 1 byte to 64 MiB. Default 24 MiB.</summary>
    /// <remarks>They travel in one message, whose bound in Orleans is 100 MiB; as base64, 24 MiB are the 32 MiB that the gateway takes as a body by default.</remarks>
    public int MaxTotalBytes { get; set; } = 24 << 20;

    /// <summary>Most bytes of encoder results that an engine keeps by content. 0 to 64 GiB; 0 keeps none. Default 256 MiB.</summary>
    /// <remarks>SGLang keeps 100 MB in half precision by default; these are F32, so about the same number of pictures: 14 of one megapixel each at a hidden size of 3,584.</remarks>
    public long EncoderCacheBytes { get; set; } = 256L << 20;

    /// <summary>Most bytes of pixels that wait between the prompt's encoder and the engine. 0 to 64 GiB; 0 makes every picture be decoded twice. Default 256 MiB.</summary>
    /// <remarks>A megapixel is 24 MiB of patches: about ten pictures may wait. One that was dropped is decoded again from its file.</remarks>
    public long PixelCacheBytes { get; set; } = 256L << 20;

    /// <summary>Every fault of these options; none if they can be used.</summary>
    public IEnumerable<string> Faults()
    {
        if (MaxBytes is < 1 or > 1 << 30)
        {
            yield return Out(nameof(MaxBytes), MaxBytes, "1 to 1073741824");
        }

        if (MaxPixels is < 1 or > 1 << 28)
        {
            yield return Out(nameof(MaxPixels), MaxPixels, "1 to 268435456");
        }

        if (MaxPictures is < 1 or > 10_000)
        {
            yield return Out(nameof(MaxPictures), MaxPictures, "1 to 10000");
        }

        if (MaxTotalBytes is < 1 or > 64 << 20)
        {
            yield return Out(nameof(MaxTotalBytes), MaxTotalBytes, "1 to 67108864");
        }

        if (EncoderCacheBytes is < 0 or > 64L << 30)
        {
            yield return Out(nameof(EncoderCacheBytes), EncoderCacheBytes, "0 to 68719476736");
        }

        if (PixelCacheBytes is < 0 or > 64L << 30)
        {
            yield return Out(nameof(PixelCacheBytes), PixelCacheBytes, "0 to 68719476736");
        }
    }

    private static string Out(string option, long value, string range) =>
        string.Create(CultureInfo.InvariantCulture, $"{option} is {value}: it must be {range}");
}
