using System.Text;

namespace XLLM.Silo.Tokenization;

/// <summary>Makes UTF-16 well-formed.</summary>
internal static class Utf16
{
    /// <summary>The text with U+FFFD in place of each unpaired surrogate, or null when there is none.</summary>
    public static string? Repair(ReadOnlySpan<char> text)
    {
        for (var at = text.IndexOfAnyInRange('\uD800', '\uDFFF'); at >= 0;)
        {
            if (!char.IsHighSurrogate(text[at]) || at + 1 == text.Length || !char.IsLowSurrogate(text[at + 1]))
            {
                return Rewrite(text);
            }

            at += 2;
            var next = text[at..].IndexOfAnyInRange('\uD800', '\uDFFF');
            at = next < 0 ? -1 : at + next;
        }

        return null;
    }

    private static string Rewrite(ReadOnlySpan<char> text)
    {
        var builder = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            // The enumerator gives U+FFFD for what is not well-formed.
            builder.Append(rune);
        }

        return builder.ToString();
    }
}
