using System.Globalization;

namespace XLLM.Silo.Tokenization.Unicode;

/// <summary>Reads the embedded Unicode tables line by line.</summary>
internal static class UnicodeResource
{
    /// <summary>The space-separated fields of each line that is not a comment.</summary>
    public static IEnumerable<string[]> Lines(string name)
    {
        using var stream = typeof(UnicodeResource).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The embedded resource {name} is missing from {typeof(UnicodeResource).Assembly.GetName().Name}");
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
            {
                yield return line.Split(' ');
            }
        }
    }

    /// <summary>A code point in hexadecimal.</summary>
    public static int CodePoint(ReadOnlySpan<char> text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>A range such as <c>64B-655</c>, or one code point; both ends belong to it.</summary>
    public static (int From, int To) Range(string text)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        return dash < 0
            ? (CodePoint(text), CodePoint(text))
            : (CodePoint(text.AsSpan(0, dash)), CodePoint(text.AsSpan(dash + 1)));
    }
}
