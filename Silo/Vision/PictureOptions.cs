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
    }

    private static string Out(string option, int value, string range) =>
        string.Create(CultureInfo.InvariantCulture, $"{option} is {value}: it must be {range}");
}
