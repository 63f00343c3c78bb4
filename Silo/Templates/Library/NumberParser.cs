using System.Globalization;
using System.Numerics;
using System.Text;
using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Strings;

namespace XLLM.Silo.Templates.Library;

/// <summary>Python's <c>int(text)</c> and <c>float(text)</c>: white space around, underscores between digits, digits of any script.</summary>
internal static class NumberParser
{
    public static bool TryInteger(RenderContext context, string text, int numberBase, out BigInteger number)
    {
        number = BigInteger.Zero;
        if (numberBase != 0 && numberBase is < 2 or > 36)
        {
            throw new TemplateFault("int() base must be >= 2 and <= 36, or 0");
        }

        var rest = Normalize(text);
        var isNegative = rest.StartsWith('-');
        rest = rest.StartsWith('-') || rest.StartsWith('+') ? rest[1..] : rest;
        var prefixed = rest.Length > 1 && rest[0] == '0' ? char.ToLowerInvariant(rest[1]) switch
        {
            'b' => 2,
            'o' => 8,
            'x' => 16,
            _ => 0,
        } : 0;
        if (prefixed > 0 && (numberBase == 0 || numberBase == prefixed))
        {
            rest = rest[2..].StartsWith('_') ? rest[3..] : rest[2..];
            numberBase = prefixed;
        }
        else if (numberBase == 0)
        {
            if (rest.StartsWith('0') && rest.Any(c => c is not ('0' or '_')))
            {
                return false;
            }

            numberBase = 10;
        }

        return TryDigits(context, rest, numberBase, ref number) && (!isNegative || Negate(ref number));
    }

    public static bool TryFloat(RenderContext context, string text, out double number)
    {
        context.Work(text.Length);
        var rest = Normalize(text);
        number = 0;
        var unsigned = rest.TrimStart('+', '-').ToLowerInvariant();
        if (rest.Length - unsigned.Length <= 1 && unsigned is "inf" or "infinity" or "nan")
        {
            number = unsigned == "nan" ? double.NaN : double.PositiveInfinity;
            number = rest[0] == '-' ? -number : number;
            return true;
        }

        return rest.All(c => char.IsAsciiDigit(c) || c is '.' or 'e' or 'E' or '+' or '-' or '_')
            && TryRemoveUnderscores(rest, char.IsAsciiDigit, out var digits)
            && double.TryParse(digits, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out number);
    }

    private static bool Negate(ref BigInteger number)
    {
        number = -number;
        return true;
    }

    private static bool TryDigits(RenderContext context, string text, int numberBase, ref BigInteger number)
    {
        if (!TryRemoveUnderscores(text, char.IsAsciiLetterOrDigit, out var digits) || digits.Length == 0 || digits.Any(c => Digit(c) >= numberBase))
        {
            return false;
        }

        // More digits take too long: Python refuses them as it refuses what is no number.
        if (digits.Length > context.Limits.MaxIntegerDigits)
        {
            return false;
        }

        foreach (var c in digits)
        {
            number = (number * numberBase) + Digit(c);
        }

        context.Work(digits.Length * 16L);
        return true;
    }

    private static int Digit(char c) => char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetter(c) ? (c | 0x20) - 'a' + 10 : int.MaxValue;

    private static bool TryRemoveUnderscores(string text, Func<char, bool> isDigit, out string digits)
    {
        digits = text.Replace("_", "");
        for (var i = text.IndexOf('_'); i >= 0; i = text.IndexOf('_', i + 1))
        {
            if (i == 0 || i == text.Length - 1 || !isDigit(text[i - 1]) || !isDigit(text[i + 1]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Without white space around, and with ASCII digits for those of other scripts.</summary>
    private static string Normalize(string text)
    {
        var (start, end) = (0, text.Length);
        while (start < end && Characters.IsSpace(text[start]))
        {
            start++;
        }

        while (end > start && Characters.IsSpace(text[end - 1]))
        {
            end--;
        }

        text = text[start..end];
        if (Ascii.IsValid(text))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            result.Append(Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber ? ((int)Rune.GetNumericValue(rune)).ToString(CultureInfo.InvariantCulture) : rune.ToString());
        }

        return result.ToString();
    }
}
