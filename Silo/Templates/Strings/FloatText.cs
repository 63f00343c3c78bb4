using System.Globalization;
using System.Numerics;

namespace XLLM.Silo.Templates.Strings;

/// <summary>Floats as text: the shortest that reads back, and exact decimal digits with ties to even, as Python prints them.</summary>
internal static class FloatText
{
    // The smallest float has 1,074 decimals; behind them come zeros only.
    private const int MaxDecimals = 1074;

    /// <summary>Python's <c>repr</c>: 1.0, 0.1, 1e-05, 1e+16, inf, nan.</summary>
    public static string Represent(double number)
    {
        if (!double.IsFinite(number))
        {
            return Special(number);
        }

        var (digits, exponent) = Shortest(Math.Abs(number));
        var sign = double.IsNegative(number) ? "-" : "";
        return sign + (exponent is >= -4 and < 16 ? Plain(digits, exponent, atLeastOneDecimal: true) : WithExponent(digits, exponent, 'e'));
    }

    public static string Special(double number) => double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";

    /// <summary>The shortest digits that read back as this number, and the power of ten of the first.</summary>
    public static (string Digits, int Exponent) Shortest(double number)
    {
        if (number == 0)
        {
            return ("0", 0);
        }

        // "R" writes the shortest digits, plain or with an exponent; both tell where the first digit stands.
        var text = number.ToString("R", CultureInfo.InvariantCulture);
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        var shift = mark < 0 ? 0 : int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = mark < 0 ? text : text[..mark];
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? mantissa.Length : point;
        var all = mantissa.Replace(".", "");
        var digits = all.TrimStart('0');
        return (digits.TrimEnd('0'), whole - (all.Length - digits.Length) - 1 + shift);
    }

    /// <summary>As <c>%f</c>: a fixed number of decimals.</summary>
    public static string Fixed(double number, int decimals)
    {
        var exact = Math.Min(decimals, MaxDecimals);
        var text = Round(number, exact).ToString(CultureInfo.InvariantCulture).PadLeft(exact + 1, '0');
        var point = text.Length - exact;
        return decimals == 0 ? text : $"{text[..point]}.{text[point..].PadRight(decimals, '0')}";
    }

    /// <summary>A number of significant digits, and the power of ten of the first.</summary>
    public static (string Digits, int Exponent) Significant(double number, int count)
    {
        if (number == 0)
        {
            return (new string('0', count), 0);
        }

        var exact = Math.Min(count, MaxDecimals + 310);
        var exponent = (int)Math.Floor(Math.Log10(number)) - 1;
        while (true)
        {
            // The estimate may be low by some; digits beyond the count say so.
            var text = Round(number, exact - 1 - exponent).ToString(CultureInfo.InvariantCulture);
            if (text.Length <= exact)
            {
                return (text.PadRight(count, '0'), exponent);
            }

            exponent += text.Length - exact;
        }
    }

    /// <summary>The exact value times ten to the power of <paramref name="decimals"/>, rounded to an integer, ties to even.</summary>
    public static BigInteger Round(double number, int decimals)
    {
        var bits = BitConverter.DoubleToInt64Bits(Math.Abs(number));
        var power = (int)(bits >> 52) & 0x7FF;
        var fraction = bits & 0xFFFFFFFFFFFFF;
        var (mantissa, exponent) = power == 0 ? (new BigInteger(fraction), -1074) : (new BigInteger(fraction | (1L << 52)), power - 1075);
        var (numerator, denominator) = (mantissa, BigInteger.One);
        numerator *= BigInteger.Pow(10, Math.Max(decimals, 0));
        denominator *= BigInteger.Pow(10, Math.Max(-decimals, 0));
        numerator <<= Math.Max(exponent, 0);
        denominator <<= Math.Max(-exponent, 0);
        var quotient = BigInteger.DivRem(numerator, denominator, out var remainder);
        var half = (remainder << 1).CompareTo(denominator);
        return half > 0 || (half == 0 && !quotient.IsEven) ? quotient + 1 : quotient;
    }

    /// <summary>Digits with a point where it belongs.</summary>
    public static string Plain(string digits, int exponent, bool atLeastOneDecimal)
    {
        if (exponent < 0)
        {
            return "0." + new string('0', -exponent - 1) + digits;
        }

        if (exponent >= digits.Length - 1)
        {
            return digits.PadRight(exponent + 1, '0') + (atLeastOneDecimal ? ".0" : "");
        }

        return $"{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    /// <summary>One digit, the others behind the point, and an exponent of at least two digits.</summary>
    public static string WithExponent(string digits, int exponent, char mark)
    {
        var mantissa = digits.Length > 1 ? $"{digits[0]}.{digits[1..]}" : digits;
        return $"{mantissa}{mark}{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture)}";
    }
}
