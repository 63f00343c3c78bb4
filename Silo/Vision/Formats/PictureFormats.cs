namespace XLLM.Silo.Vision.Formats;

/// <summary>The kinds of picture files that are read. Whatever else the decoder might know stays out of reach of callers.</summary>
internal static class PictureFormats
{
    private static readonly IPictureFormat[] All = [new PngFormat(), new JpegFormat(), new WebPFormat(), new GifFormat(), new BmpFormat()];

    /// <summary>The format of a file, told from its first bytes; names and media types of callers are often wrong.</summary>
    /// <exception cref="PictureException">None of them.</exception>
    public static IPictureFormat Of(ReadOnlySpan<byte> file)
    {
        foreach (var format in All)
        {
            if (format.Recognizes(file))
            {
                return format;
            }
        }

        var start = Convert.ToHexString(file[..Math.Min(file.Length, 8)]);
        throw new PictureException($"{file.Length} bytes that begin with {start} are no picture of a known kind: {string.Join(", ", All.Select(format => format.Name))}");
    }
}
