using System.Buffers;

namespace XLLM.Silo.Vision;

/// <summary>The ways in which a request carries a picture's bytes: a data URL, or bare base64. Nothing is fetched from anywhere.</summary>
internal static class PictureSource
{
    private const string Scheme = "data:";
    private static readonly SearchValues<char> Base64 = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

    /// <summary>Reads <c>data:image/png;base64,...</c>, or the form without base64, where every byte that is no plain character is written as %XX.</summary>
    /// <param name="url">The URL; in the base64 form too, %XX stands for a character (many clients escape +, / and =).</param>
    /// <param name="options">Its limit on bytes holds for the decoded picture, and is checked before decoding.</param>
    /// <exception cref="PictureException">No data URL, not of an image, not well-formed, or too long.</exception>
    /// <remarks>Source: RFC 2397. The media type must be an image's or be missing; which image it is, the bytes tell.</remarks>
    public static byte[] FromDataUrl(string url, PictureOptions options)
    {
        if (!url.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            throw new PictureException($"only data URLs are read (data:image/png;base64,...), not \"{Head(url)}\"");
        }

        var comma = url.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0)
        {
            throw new PictureException($"the data URL \"{Head(url)}\" has no comma before its data");
        }

        var parts = url[Scheme.Length..comma].Split(';', StringSplitOptions.TrimEntries);
        if (parts[0].Length > 0 && !parts[0].StartsWith("image/", StringComparison.OrdinalIgnoreCase))
        {
            throw new PictureException($"the data URL is of type \"{Head(parts[0])}\"; a picture's begins with image/");
        }

        var text = url.AsSpan(comma + 1);
        if (!string.Equals(parts[^1], "base64", StringComparison.OrdinalIgnoreCase) || parts.Length < 2)
        {
            return Unescape(text, options.MaxBytes);
        }

        // An escape is three characters for one, a base64 character three quarters of a byte: four times the limit is more than any picture within it needs.
        return text.Contains('%')
            ? FromBase64(Latin(Unescape(text, (int)Math.Min(int.MaxValue, 4L * options.MaxBytes))), options)
            : FromBase64(text, options);
    }

    /// <summary>Reads standard base64 with its padding and nothing between the characters.</summary>
    /// <exception cref="PictureException">A character that is not base64, a wrong length, or too many bytes.</exception>
    /// <remarks>Source: RFC 4648 section 4.</remarks>
    public static byte[] FromBase64(ReadOnlySpan<char> text, PictureOptions options)
    {
        if (text.Length % 4 != 0)
        {
            throw new PictureException($"{text.Length} characters are no base64: their number must be a multiple of 4, with = at the end where needed");
        }

        var padding = text.EndsWith("==") ? 2 : text.EndsWith("=") ? 1 : 0;
        var bytes = (text.Length / 4 * 3) - padding;
        if (bytes > options.MaxBytes)
        {
            throw new PictureException($"the picture has {bytes} bytes; at most {options.MaxBytes} are allowed");
        }

        var wrong = text[..^padding].IndexOfAnyExcept(Base64);
        if (wrong >= 0)
        {
            throw new PictureException($"character {wrong} of the picture's base64 is U+{(int)text[wrong]:X4}, which base64 does not have");
        }

        var result = new byte[bytes];
        return Convert.TryFromBase64Chars(text, result, out var written) && written == bytes
            ? result
            : throw new PictureException($"the picture's base64 of {text.Length} characters cannot be decoded");
    }

    private static byte[] Unescape(ReadOnlySpan<char> text, int maxBytes)
    {
        var escapes = text.Count('%');
        var bytes = text.Length - (2L * escapes);
        if (bytes > maxBytes)
        {
            throw new PictureException($"the data URL holds {bytes} bytes; at most {maxBytes} are allowed");
        }

        var result = new byte[text.Length];
        var written = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%')
            {
                if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                {
                    throw new PictureException($"character {i} of the data is %, but no two hexadecimal digits follow it");
                }

                result[written++] = Convert.FromHexString(text.Slice(i + 1, 2))[0];
                i += 2;
            }
            else if (text[i] is > ' ' and < '\x7f')
            {
                result[written++] = (byte)text[i];
            }
            else
            {
                throw new PictureException($"character {i} of the data is U+{(int)text[i]:X4}, which a URL does not have");
            }
        }

        return result[..written];
    }

    private static string Latin(byte[] bytes) => System.Text.Encoding.Latin1.GetString(bytes);

    // A message should show where it went wrong, not repeat megabytes.
    private static string Head(string text) => text.Length <= 40 ? text : text[..40] + "...";
}
