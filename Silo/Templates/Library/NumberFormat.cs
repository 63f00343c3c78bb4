using System.Globalization;
using System.Numerics;
using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Strings;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <summary>The digits of numbers for <c>%</c> and <c>format</c>, without sign and padding.</summary>
internal static class NumberFormat
{
    /// <summary>A float that is not negative.</summary>
    /// <param name="number">Not negative; infinite and not-a-number have their names.</param>
    /// <param name="type">e, E, f, F, g, G, or 'r' for the shortest that reads back.</param>
    /// <param name="precision">Decimals (e, f) or significant digits (g).</param>
    /// <param name="isAlternate">Keep the point and the zeros behind it.</param>
    /// <param name="addPointZero">Make sure that it reads as a float, as <c>str</c> does.</param>
    public static string Float(double number, char type, int precision, bool isAlternate, bool addPointZero = false)
    {
        var isUpper = char.IsAsciiLetterUpper(type);
        if (!double.IsFinite(number))
        {
            return isUpper ? FloatText.Special(number).ToUpperInvariant() : FloatText.Special(number);
        }

        var mark = isUpper ? 'E' : 'e';
        switch (char.ToLowerInvariant(type))
        {
            case 'f':
                return FloatText.Fixed(number, precision) + (precision == 0 && isAlternate ? "." : "");
            case 'e':
                var (digits, exponent) = FloatText.Significant(number, precision + 1);
                var text = FloatText.WithExponent(digits, exponent, mark);
                return precision == 0 && isAlternate ? text.Insert(1, ".") : text;
            case 'r':
                return FloatText.Represent(number);
            default:
                return General(number, Math.Max(precision, 1), mark, isAlternate, addPointZero);
        }
    }

    /// <summary>An integer that is not negative.</summary>
    /// <param name="context">Bounds the digits.</param>
    /// <param name="number">Not negative.</param>
    /// <param name="type">d, b, o, x or X.</param>
    public static string Integer(RenderContext context, BigInteger number, char type) => type switch
    {
        'b' => Bits(number, 1),
        'o' => Bits(number, 3),
        'x' => Bits(number, 4),
        'X' => Bits(number, 4).ToUpperInvariant(),
        _ => new IntegerValue(number).Digits(context),
    };

    public static string Prefix(char type) => type is 'b' or 'o' or 'x' or 'X' ? $"0{type}" : "";

    /// <summary>Digits in groups, with zeros in front until the whole is <paramref name="width"/> long.</summary>
    public static string Group(RenderContext context, string digits, char separator, int size, int width)
    {
        context.CheckTextLength(Math.Max(width, digits.Length * 2L));
        while (digits.Length + ((digits.Length - 1) / size) < width)
        {
            var missing = width - digits.Length - ((digits.Length - 1) / size);
            digits = new string('0', Math.Max(1, missing * size / (size + 1))) + digits;
        }

        var result = new System.Text.StringBuilder(digits.Length * 2);
        for (var i = 0; i < digits.Length; i++)
        {
            if (i > 0 && (digits.Length - i) % size == 0)
            {
                result.Append(separator);
            }

            result.Append(digits[i]);
        }

        return result.ToString();
    }

    private static string General(double number, int precision, char mark, bool isAlternate, bool addPointZero)
    {
        var (digits, exponent) = FloatText.Significant(number, precision);
        digits = isAlternate ? digits : digits.TrimEnd('0') is { Length: > 0 } trimmed ? trimmed : "0";
        if (exponent < -4 || exponent >= precision - (addPointZero ? 1 : 0))
        {
            var text = FloatText.WithExponent(digits, exponent, mark);
            return isAlternate && digits.Length == 1 ? text.Insert(1, ".") : text;
        }

        var plain = FloatText.Plain(digits, exponent, atLeastOneDecimal: addPointZero);
        return isAlternate && !plain.Contains('.') ? plain + "." : plain;
    }

    private static string Bits(BigInteger number, int bits)
    {
        var digits = new List<char>();
        var mask = (1 << bits) - 1;
        for (var rest = number; !rest.IsZero || digits.Count == 0; rest >>= bits)
        {
            digits.Add("0123456789abcdef"[(int)(rest & mask)]);
        }

        digits.Reverse();
        return new string([.. digits]);
    }
}
