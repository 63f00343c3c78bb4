using System.Globalization;
using System.Text;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Strings;

/// <summary>What Python knows about characters.</summary>
internal static class Characters
{
    /// <summary>Python's <c>isspace</c>: .NET's white space and the four information separators.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    /// <summary>Whether it ends a line for <c>splitlines</c>.</summary>
    public static bool IsLineBreak(char c) => c is '\n' or '\r' or '\v' or '\f' or (>= '\x1c' and <= '\x1e') or '\x85' or '\u2028' or '\u2029';

    /// <summary>What the lexer takes for a part of a name, before it checks the name.</summary>
    public static bool IsNamePart(Rune rune) => IsIdentifierPart(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.OtherNumber;

    public static bool IsNameStart(Rune rune) =>
        rune.Value == '_' || Rune.IsLetter(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.LetterNumber;

    public static bool IsIdentifierPart(Rune rune) => IsNameStart(rune) || Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.ConnectorPunctuation;

    /// <summary>Python's <c>isprintable</c>: <c>repr</c> escapes what is not.</summary>
    public static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);

    /// <summary>The text as <c>repr</c> quotes it: single quotes unless only double quotes need no escape.</summary>
    public static string Quote(string text)
    {
        var quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        var result = new StringBuilder(text.Length + 2).Append(quote);
        for (var i = 0; i < text.Length;)
        {
            var isRune = Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var length) == System.Buffers.OperationStatus.Done;
            AppendQuoted(result, text, i, isRune ? rune : null, quote);
            i += length;
        }

        return result.Append(quote).ToString();
    }

    /// <summary>Orders texts by code point: -1, 0, 1.</summary>
    public static int Compare(string left, string right)
    {
        var common = left.AsSpan().CommonPrefixLength(right);
        return common == left.Length || common == right.Length
            ? left.Length.CompareTo(right.Length)
            : Rank(left[common]).CompareTo(Rank(right[common]));

        // Surrogates stand for code points beyond all others, though their units do not lie beyond all others.
        static int Rank(char c) => char.IsSurrogate(c) ? c + 0x10000 : c;
    }

    /// <summary>The parts between runs of white space.</summary>
    public static IEnumerable<string> SplitSpaces(string text)
    {
        for (var i = 0; i < text.Length;)
        {
            if (IsSpace(text[i]))
            {
                i++;
                continue;
            }

            var start = i;
            while (i < text.Length && !IsSpace(text[i]))
            {
                i++;
            }

            yield return text[start..i];
        }
    }

    /// <summary>The lines, each with its break when <paramref name="keepBreaks"/>.</summary>
    public static IEnumerable<string> SplitLines(string text, bool keepBreaks)
    {
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (!IsLineBreak(text[i]))
            {
                continue;
            }

            var end = text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? i + 2 : i + 1;
            yield return text[start..(keepBreaks ? end : i)];
            start = end;
            i = end - 1;
        }

        if (start < text.Length)
        {
            yield return text[start..];
        }
    }

    private static void AppendQuoted(StringBuilder result, string text, int i, Rune? rune, char quote)
    {
        var c = text[i];
        switch (c)
        {
            case '\n': result.Append("\\n"); break;
            case '\r': result.Append("\\r"); break;
            case '\t': result.Append("\\t"); break;
            case '\\': result.Append("\\\\"); break;
            case var _ when c == quote: result.Append('\\').Append(quote); break;
            case var _ when rune is { } printable && IsPrintable(printable): result.Append(printable.ToString()); break;
            case var _ when rune is { Value: > 0xFFFF }: result.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value.Value:x8}"); break;
            case > '\xff': result.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"); break;
            default: result.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"); break;
        }
    }
}
