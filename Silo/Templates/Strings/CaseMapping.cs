using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Strings;

/// <summary>Python's full case mappings, where one character may become several. .NET maps one to one.</summary>
/// <remarks>The exceptions below are those of the Unicode Character Database, SpecialCasing.txt, without its conditions on languages.</remarks>
internal static class CaseMapping
{
    private static readonly FrozenDictionary<Rune, string> UpperExceptions = Table(
        "\u0131I \u017FS \u00DFSS \u0149\u02BCN \u01F0J\u030C \u0390\u0399\u0308\u0301 \u03B0\u03A5\u0308\u0301 \u0587\u0535\u0552 \u1E96H\u0331 \u1E97T\u0308 \u1E98W\u030A "
        + "\u1E99Y\u030A \u1E9AA\u02BE \u1F50\u03A5\u0313 \u1F52\u03A5\u0313\u0300 \u1F54\u03A5\u0313\u0301 \u1F56\u03A5\u0313\u0342 \u1F80\u1F08\u0399 "
        + "\u1F81\u1F09\u0399 \u1F82\u1F0A\u0399 \u1F83\u1F0B\u0399 \u1F84\u1F0C\u0399 \u1F85\u1F0D\u0399 \u1F86\u1F0E\u0399 \u1F87\u1F0F\u0399 "
        + "\u1F88\u1F08\u0399 \u1F89\u1F09\u0399 \u1F8A\u1F0A\u0399 \u1F8B\u1F0B\u0399 \u1F8C\u1F0C\u0399 \u1F8D\u1F0D\u0399 \u1F8E\u1F0E\u0399 "
        + "\u1F8F\u1F0F\u0399 \u1F90\u1F28\u0399 \u1F91\u1F29\u0399 \u1F92\u1F2A\u0399 \u1F93\u1F2B\u0399 \u1F94\u1F2C\u0399 \u1F95\u1F2D\u0399 "
        + "\u1F96\u1F2E\u0399 \u1F97\u1F2F\u0399 \u1F98\u1F28\u0399 \u1F99\u1F29\u0399 \u1F9A\u1F2A\u0399 \u1F9B\u1F2B\u0399 \u1F9C\u1F2C\u0399 "
        + "\u1F9D\u1F2D\u0399 \u1F9E\u1F2E\u0399 \u1F9F\u1F2F\u0399 \u1FA0\u1F68\u0399 \u1FA1\u1F69\u0399 \u1FA2\u1F6A\u0399 \u1FA3\u1F6B\u0399 "
        + "\u1FA4\u1F6C\u0399 \u1FA5\u1F6D\u0399 \u1FA6\u1F6E\u0399 \u1FA7\u1F6F\u0399 \u1FA8\u1F68\u0399 \u1FA9\u1F69\u0399 \u1FAA\u1F6A\u0399 "
        + "\u1FAB\u1F6B\u0399 \u1FAC\u1F6C\u0399 \u1FAD\u1F6D\u0399 \u1FAE\u1F6E\u0399 \u1FAF\u1F6F\u0399 \u1FB2\u1FBA\u0399 \u1FB3\u0391\u0399 "
        + "\u1FB4\u0386\u0399 \u1FB6\u0391\u0342 \u1FB7\u0391\u0342\u0399 \u1FBC\u0391\u0399 \u1FC2\u1FCA\u0399 \u1FC3\u0397\u0399 \u1FC4\u0389\u0399 "
        + "\u1FC6\u0397\u0342 \u1FC7\u0397\u0342\u0399 \u1FCC\u0397\u0399 \u1FD2\u0399\u0308\u0300 \u1FD3\u0399\u0308\u0301 \u1FD6\u0399\u0342 "
        + "\u1FD7\u0399\u0308\u0342 \u1FE2\u03A5\u0308\u0300 \u1FE3\u03A5\u0308\u0301 \u1FE4\u03A1\u0313 \u1FE6\u03A5\u0342 \u1FE7\u03A5\u0308\u0342 "
        + "\u1FF2\u1FFA\u0399 \u1FF3\u03A9\u0399 \u1FF4\u038F\u0399 \u1FF6\u03A9\u0342 \u1FF7\u03A9\u0342\u0399 \u1FFC\u03A9\u0399 \uFB00FF \uFB01FI \uFB02FL "
        + "\uFB03FFI \uFB04FFL \uFB05ST \uFB06ST \uFB13\u0544\u0546 \uFB14\u0544\u0535 \uFB15\u0544\u053B \uFB16\u054E\u0546 \uFB17\u0544\u053D");

    // Those whose title case is not their upper case. The Georgian letters, which are their own title case, are below.
    private static readonly FrozenDictionary<Rune, string> TitleExceptions = Table(
        "\u00DFSs \u01C4\u01C5 \u01C5\u01C5 \u01C6\u01C5 \u01C7\u01C8 \u01C8\u01C8 \u01C9\u01C8 \u01CA\u01CB \u01CB\u01CB \u01CC\u01CB \u01F1\u01F2 "
        + "\u01F2\u01F2 \u01F3\u01F2 \u0587\u0535\u0582 \u1F80\u1F88 \u1F81\u1F89 \u1F82\u1F8A \u1F83\u1F8B \u1F84\u1F8C \u1F85\u1F8D \u1F86\u1F8E \u1F87\u1F8F "
        + "\u1F88\u1F88 \u1F89\u1F89 \u1F8A\u1F8A \u1F8B\u1F8B \u1F8C\u1F8C \u1F8D\u1F8D \u1F8E\u1F8E \u1F8F\u1F8F \u1F90\u1F98 \u1F91\u1F99 \u1F92\u1F9A "
        + "\u1F93\u1F9B \u1F94\u1F9C \u1F95\u1F9D \u1F96\u1F9E \u1F97\u1F9F \u1F98\u1F98 \u1F99\u1F99 \u1F9A\u1F9A \u1F9B\u1F9B \u1F9C\u1F9C \u1F9D\u1F9D "
        + "\u1F9E\u1F9E \u1F9F\u1F9F \u1FA0\u1FA8 \u1FA1\u1FA9 \u1FA2\u1FAA \u1FA3\u1FAB \u1FA4\u1FAC \u1FA5\u1FAD \u1FA6\u1FAE \u1FA7\u1FAF \u1FA8\u1FA8 "
        + "\u1FA9\u1FA9 \u1FAA\u1FAA \u1FAB\u1FAB \u1FAC\u1FAC \u1FAD\u1FAD \u1FAE\u1FAE \u1FAF\u1FAF \u1FB2\u1FBA\u0345 \u1FB3\u1FBC \u1FB4\u0386\u0345 "
        + "\u1FB7\u0391\u0342\u0345 \u1FBC\u1FBC \u1FC2\u1FCA\u0345 \u1FC3\u1FCC \u1FC4\u0389\u0345 \u1FC7\u0397\u0342\u0345 \u1FCC\u1FCC \u1FF2\u1FFA\u0345 "
        + "\u1FF3\u1FFC \u1FF4\u038F\u0345 \u1FF7\u03A9\u0342\u0345 \u1FFC\u1FFC \uFB00Ff \uFB01Fi \uFB02Fl \uFB03Ffi \uFB04Ffl \uFB05St \uFB06St "
        + "\uFB13\u0544\u0576 \uFB14\u0544\u0565 \uFB15\u0544\u056B \uFB16\u054E\u0576 \uFB17\u0544\u056D");

    public static string Upper(string text)
    {
        if (Ascii.IsValid(text))
        {
            return text.ToUpperInvariant();
        }

        var result = new StringBuilder(text.Length);
        foreach (var part in Runes(text))
        {
            result.Append(part.Rune is { } rune ? Upper(rune) : part.Text);
        }

        return result.ToString();
    }

    public static string Lower(string text)
    {
        if (Ascii.IsValid(text))
        {
            return text.ToLowerInvariant();
        }

        var result = new StringBuilder(text.Length);
        var parts = new RuneWindow(text);
        foreach (var part in Runes(text))
        {
            result.Append(part.Rune is { } rune ? Lower(parts, part.Offset, rune) : part.Text);
        }

        return result.ToString();
    }

    /// <summary>The first character in title case, the others in lower case.</summary>
    public static string Capitalize(string text)
    {
        if (text.Length == 0)
        {
            return text;
        }

        var first = Runes(text).First();
        return (first.Rune is { } rune ? Title(rune) : first.Text) + LowerFrom(text, first.Length);
    }

    /// <summary>Every run of letters in title case.</summary>
    public static string TitleWords(string text)
    {
        var result = new StringBuilder(text.Length);
        var window = new RuneWindow(text);
        var isInside = false;
        foreach (var part in Runes(text))
        {
            if (part.Rune is { } rune)
            {
                result.Append(isInside ? Lower(window, part.Offset, rune) : Title(rune));
                isInside = IsCased(rune);
            }
            else
            {
                result.Append(part.Text);
                isInside = false;
            }
        }

        return result.ToString();
    }

    public static string SwapCase(string text)
    {
        var result = new StringBuilder(text.Length);
        var window = new RuneWindow(text);
        foreach (var part in Runes(text))
        {
            result.Append(part.Rune is not { } rune ? part.Text
                : IsUpper(rune) ? Lower(window, part.Offset, rune)
                : IsLower(rune) ? Upper(rune)
                : rune.ToString());
        }

        return result.ToString();
    }

    /// <summary>For comparing regardless of case.</summary>
    public static string Fold(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var part in Runes(text))
        {
            result.Append(part.Rune is { } rune ? Fold(rune) : part.Text);
        }

        return result.ToString();
    }

    // Beside the letters of that category, Unicode counts these as lower or upper case (Other_Lowercase, Other_Uppercase).
    public static bool IsLower(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.LowercaseLetter
        || rune.Value is 0xAA or 0xBA or (>= 0x2B0 and <= 0x2B8) or (>= 0x2C0 and <= 0x2C1) or (>= 0x2E0 and <= 0x2E4) or 0x345 or 0x37A
            or (>= 0x1D2C and <= 0x1D6A) or 0x1D78 or (>= 0x1D9B and <= 0x1DBF) or 0x2071 or 0x207F or (>= 0x2090 and <= 0x209C)
            or (>= 0x2170 and <= 0x217F) or (>= 0x24D0 and <= 0x24E9) or (>= 0x2C7C and <= 0x2C7D) or (>= 0xA69C and <= 0xA69D) or 0xA770
            or (>= 0xA7F8 and <= 0xA7F9) or (>= 0xAB5C and <= 0xAB5F) or 0x10780 or (>= 0x10783 and <= 0x10785) or (>= 0x10787 and <= 0x107B0)
            or (>= 0x107B2 and <= 0x107BA);

    public static bool IsUpper(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.UppercaseLetter
        || rune.Value is (>= 0x2160 and <= 0x216F) or (>= 0x24B6 and <= 0x24CF) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);

    public static bool IsTitle(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.TitlecaseLetter;

    public static bool IsCased(Rune rune) => IsLower(rune) || IsUpper(rune) || IsTitle(rune);

    /// <summary>The lower case of the rest of a text; what comes before still decides about a final sigma.</summary>
    public static string LowerFrom(string text, int start)
    {
        if (Ascii.IsValid(text))
        {
            return text[start..].ToLowerInvariant();
        }

        var result = new StringBuilder(text.Length);
        var window = new RuneWindow(text);
        foreach (var part in Runes(text).SkipWhile(part => part.Offset < start))
        {
            result.Append(part.Rune is { } rune ? Lower(window, part.Offset, rune) : part.Text);
        }

        return result.ToString();
    }

    private static string Upper(Rune rune) => UpperExceptions.GetValueOrDefault(rune) ?? Rune.ToUpperInvariant(rune).ToString();

    private static string Title(Rune rune) =>
        TitleExceptions.GetValueOrDefault(rune) ?? (rune.Value is >= 0x10D0 and <= 0x10FF ? rune.ToString() : Upper(rune));

    private static string Lower(RuneWindow window, int offset, Rune rune) => rune.Value switch
    {
        0x130 => "i\u0307",
        0x3A3 => window.IsFinalSigma(offset) ? "\u03C2" : "\u03C3",
        _ => Rune.ToLowerInvariant(rune).ToString(),
    };

    private static string Fold(Rune rune) => rune.Value switch
    {
        0x131 => rune.ToString(),
        0x1E9E => "ss",
        (>= 0x13A0 and <= 0x13F5) => rune.ToString(),
        (>= 0x13F8 and <= 0x13FD) => new Rune(rune.Value - 8).ToString(),
        (>= 0xAB70 and <= 0xABBF) => new Rune(rune.Value - 0xAB70 + 0x13A0).ToString(),
        _ => string.Concat(Upper(rune).EnumerateRunes().Select(upper => upper.Value == 0x130 ? "i\u0307" : Rune.ToLowerInvariant(upper).ToString())),
    };

    private static IEnumerable<(int Offset, int Length, Rune? Rune, string Text)> Runes(string text)
    {
        for (var i = 0; i < text.Length;)
        {
            var isRune = Rune.TryGetRuneAt(text, i, out var rune);
            var length = isRune ? rune.Utf16SequenceLength : 1;
            yield return (i, length, isRune ? rune : null, isRune ? "" : text.Substring(i, 1));
            i += length;
        }
    }

    private static FrozenDictionary<Rune, string> Table(string entries) => entries.Split(' ').ToFrozenDictionary(
        entry => entry.EnumerateRunes().First(),
        entry => entry[entry.EnumerateRunes().First().Utf16SequenceLength..]);

    /// <summary>Looks around a sigma: at the end of a word its lower case is another.</summary>
    private readonly struct RuneWindow(string text)
    {
        public bool IsFinalSigma(int offset)
        {
            var before = offset;
            Rune? previous = null;
            while (before > 0 && Rune.DecodeLastFromUtf16(text.AsSpan(0, before), out var rune, out var length) == System.Buffers.OperationStatus.Done)
            {
                before -= length;
                if (!IsIgnorable(rune))
                {
                    previous = rune;
                    break;
                }
            }

            if (previous is null || !IsCased(previous.Value))
            {
                return false;
            }

            for (var after = offset + 1; after < text.Length && Rune.TryGetRuneAt(text, after, out var rune); after += rune.Utf16SequenceLength)
            {
                if (!IsIgnorable(rune))
                {
                    return !IsCased(rune);
                }
            }

            return true;
        }

        private static bool IsIgnorable(Rune rune) => rune.Value is '\'' or '.' or ':' or 0xB7 or 0x2019
            || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
                or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;
    }
}
