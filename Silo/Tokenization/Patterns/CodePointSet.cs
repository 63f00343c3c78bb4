using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using XLLM.Silo.Tokenization.Unicode;

namespace XLLM.Silo.Tokenization.Patterns;

/// <summary>
/// A set of Unicode code points, as a character class of a pattern describes it. The basic plane is a bitmap of 8 KiB, so that
/// a test on the hot path is one load; the other planes ask the description.
/// </summary>
internal sealed class CodePointSet
{
    private readonly ulong[] _basicPlane = new ulong[0x10000 / 64];
    private readonly Func<int, bool> _contains;

    private CodePointSet(Func<int, bool> contains)
    {
        _contains = contains;
        for (var codePoint = 0; codePoint < 0x10000; codePoint++)
        {
            if (!char.IsSurrogate((char)codePoint) && contains(codePoint))
            {
                _basicPlane[codePoint >> 6] |= 1UL << (codePoint & 63);
            }
        }
    }

    /// <summary>Makes the set of the code points for which the description holds. The description must be pure: sets are shared by threads.</summary>
    public static CodePointSet Create(Func<int, bool> contains) => new(contains);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool ContainsBasic(int unit) => (_basicPlane[unit >> 6] >> (unit & 63) & 1) != 0;

    public bool Contains(int codePoint) => codePoint < 0x10000 ? ContainsBasic(codePoint) : _contains(codePoint);

    /// <summary>The code points of a range; both ends belong to it.</summary>
    public static Func<int, bool> Range(int from, int to) => codePoint => codePoint >= from && codePoint <= to;

    /// <summary>Unicode's White_Space property.</summary>
    public static bool IsWhiteSpace(int codePoint) => codePoint < 0x10000 && char.IsWhiteSpace((char)codePoint);

    /// <summary>Unicode's definition of a word character (UTS #18): alphabetic, mark, decimal digit, connector punctuation.</summary>
    public static bool IsWord(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
    {
        <= UnicodeCategory.OtherLetter => true,
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => true,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation => true,
        // The circled and squared letters: symbols with the Alphabetic property.
        UnicodeCategory.OtherSymbol => codePoint is (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149)
            or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189),
        _ => false,
    };

    /// <summary>Whether the set holds the code point in any case: simple folding as pattern engines do it.</summary>
    public static Func<int, bool> IgnoringCase(Func<int, bool> contains) => codePoint =>
    {
        if (contains(codePoint))
        {
            return true;
        }

        var rune = new Rune(codePoint);
        var upper = Rune.ToUpperInvariant(rune).Value;
        var lower = Rune.ToLowerInvariant(rune).Value;
        return contains(upper) || contains(lower) || codePoint switch
        {
            // Letters whose case folding leaves their block; .NET's invariant casing does not map all of these both ways.
            's' or 'S' => contains(0x17F),
            0x17F => contains('s') || contains('S'),
            'k' or 'K' => contains(0x212A),
            0x212A => contains('k') || contains('K'),
            0xE5 or 0xC5 => contains(0x212B),
            0x212B => contains(0xE5) || contains(0xC5),
            _ => false,
        };
    };

    /// <summary>
    /// The set that a property name stands for: a general category (<c>L</c>, <c>Lu</c>), a script (<c>Han</c>) or one of the
    /// properties that patterns use (<c>Alphabetic</c>, <c>White_Space</c>). Null where it is unknown.
    /// </summary>
    public static Func<int, bool>? TryProperty(string name)
    {
        var key = name.Replace("_", string.Empty, StringComparison.Ordinal).Replace(" ", string.Empty, StringComparison.Ordinal);
        if (CategoriesOf(key) is { } categories)
        {
            return codePoint => (categories >> (int)CharUnicodeInfo.GetUnicodeCategory(codePoint) & 1) != 0;
        }

        switch (key.ToUpperInvariant())
        {
            case "ANY":
                return _ => true;
            case "ALPHABETIC" or "ALPHA":
                return codePoint => IsWord(codePoint) && CharUnicodeInfo.GetUnicodeCategory(codePoint)
                    is not (UnicodeCategory.DecimalDigitNumber or UnicodeCategory.ConnectorPunctuation or UnicodeCategory.NonSpacingMark);
            case "WHITESPACE" or "SPACE":
                return IsWhiteSpace;
            case "WORD":
                return IsWord;
            case "ALNUM":
                return codePoint => IsWord(codePoint) && CharUnicodeInfo.GetUnicodeCategory(codePoint) is not UnicodeCategory.ConnectorPunctuation;
        }

        foreach (var prefix in (string[])["Script=", "sc=", "Is"])
        {
            if (key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                key = key[prefix.Length..];
            }
        }

        if (UnicodeScripts.TryFind(key) is not { } ranges)
        {
            return null;
        }

        return codePoint =>
        {
            int low = 0, high = ranges.Length - 1;
            while (low <= high)
            {
                var middle = (low + high) / 2;
                if (codePoint < ranges[middle].From)
                {
                    high = middle - 1;
                }
                else if (codePoint > ranges[middle].To)
                {
                    low = middle + 1;
                }
                else
                {
                    return true;
                }
            }

            return false;
        };
    }

    /// <summary>Bits by <see cref="UnicodeCategory"/>.</summary>
    private static uint? CategoriesOf(string name)
    {
        static uint Bits(params ReadOnlySpan<UnicodeCategory> categories)
        {
            var bits = 0u;
            foreach (var category in categories)
            {
                bits |= 1u << (int)category;
            }

            return bits;
        }

        return name.ToUpperInvariant() switch
        {
            "LU" or "UPPERCASELETTER" or "UPPER" => Bits(UnicodeCategory.UppercaseLetter),
            "LL" or "LOWERCASELETTER" or "LOWER" => Bits(UnicodeCategory.LowercaseLetter),
            "LT" or "TITLECASELETTER" => Bits(UnicodeCategory.TitlecaseLetter),
            "LM" or "MODIFIERLETTER" => Bits(UnicodeCategory.ModifierLetter),
            "LO" or "OTHERLETTER" => Bits(UnicodeCategory.OtherLetter),
            "LC" or "CASEDLETTER" => Bits(UnicodeCategory.UppercaseLetter, UnicodeCategory.LowercaseLetter, UnicodeCategory.TitlecaseLetter),
            "L" or "LETTER" => Bits(UnicodeCategory.UppercaseLetter, UnicodeCategory.LowercaseLetter, UnicodeCategory.TitlecaseLetter,
                UnicodeCategory.ModifierLetter, UnicodeCategory.OtherLetter),
            "MN" or "NONSPACINGMARK" => Bits(UnicodeCategory.NonSpacingMark),
            "MC" or "SPACINGMARK" => Bits(UnicodeCategory.SpacingCombiningMark),
            "ME" or "ENCLOSINGMARK" => Bits(UnicodeCategory.EnclosingMark),
            "M" or "MARK" => Bits(UnicodeCategory.NonSpacingMark, UnicodeCategory.SpacingCombiningMark, UnicodeCategory.EnclosingMark),
            "ND" or "DECIMALNUMBER" or "DIGIT" => Bits(UnicodeCategory.DecimalDigitNumber),
            "NL" or "LETTERNUMBER" => Bits(UnicodeCategory.LetterNumber),
            "NO" or "OTHERNUMBER" => Bits(UnicodeCategory.OtherNumber),
            "N" or "NUMBER" => Bits(UnicodeCategory.DecimalDigitNumber, UnicodeCategory.LetterNumber, UnicodeCategory.OtherNumber),
            "PC" or "CONNECTORPUNCTUATION" => Bits(UnicodeCategory.ConnectorPunctuation),
            "PD" or "DASHPUNCTUATION" => Bits(UnicodeCategory.DashPunctuation),
            "PS" or "OPENPUNCTUATION" => Bits(UnicodeCategory.OpenPunctuation),
            "PE" or "CLOSEPUNCTUATION" => Bits(UnicodeCategory.ClosePunctuation),
            "PI" or "INITIALPUNCTUATION" => Bits(UnicodeCategory.InitialQuotePunctuation),
            "PF" or "FINALPUNCTUATION" => Bits(UnicodeCategory.FinalQuotePunctuation),
            "PO" or "OTHERPUNCTUATION" => Bits(UnicodeCategory.OtherPunctuation),
            "P" or "PUNCTUATION" or "PUNCT" => Bits(UnicodeCategory.ConnectorPunctuation, UnicodeCategory.DashPunctuation,
                UnicodeCategory.OpenPunctuation, UnicodeCategory.ClosePunctuation, UnicodeCategory.InitialQuotePunctuation,
                UnicodeCategory.FinalQuotePunctuation, UnicodeCategory.OtherPunctuation),
            "SM" or "MATHSYMBOL" => Bits(UnicodeCategory.MathSymbol),
            "SC" or "CURRENCYSYMBOL" => Bits(UnicodeCategory.CurrencySymbol),
            "SK" or "MODIFIERSYMBOL" => Bits(UnicodeCategory.ModifierSymbol),
            "SO" or "OTHERSYMBOL" => Bits(UnicodeCategory.OtherSymbol),
            "S" or "SYMBOL" => Bits(UnicodeCategory.MathSymbol, UnicodeCategory.CurrencySymbol, UnicodeCategory.ModifierSymbol, UnicodeCategory.OtherSymbol),
            "ZS" or "SPACESEPARATOR" => Bits(UnicodeCategory.SpaceSeparator),
            "ZL" or "LINESEPARATOR" => Bits(UnicodeCategory.LineSeparator),
            "ZP" or "PARAGRAPHSEPARATOR" => Bits(UnicodeCategory.ParagraphSeparator),
            "Z" or "SEPARATOR" => Bits(UnicodeCategory.SpaceSeparator, UnicodeCategory.LineSeparator, UnicodeCategory.ParagraphSeparator),
            "CC" or "CONTROL" or "CNTRL" => Bits(UnicodeCategory.Control),
            "CF" or "FORMAT" => Bits(UnicodeCategory.Format),
            "CN" or "UNASSIGNED" => Bits(UnicodeCategory.OtherNotAssigned),
            "CO" or "PRIVATEUSE" => Bits(UnicodeCategory.PrivateUse),
            "CS" or "SURROGATE" => Bits(UnicodeCategory.Surrogate),
            "C" or "OTHER" => Bits(UnicodeCategory.Control, UnicodeCategory.Format, UnicodeCategory.OtherNotAssigned,
                UnicodeCategory.PrivateUse, UnicodeCategory.Surrogate),
            _ => null,
        };
    }
}
