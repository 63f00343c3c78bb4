using System.Globalization;
using System.Numerics;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary>Number literals: 1_000, 0x1F, 0o17, 0b101, 1.5, 1e-5. A number behind a dot is an index, so it has no fraction.</summary>
internal static class NumberLiteral
{
    /// <summary>Reads the number that begins with a digit at <paramref name="start"/>.</summary>
    public static Token Read(TemplateSource source, int start, out int end)
    {
        if (TryFloat(source.Text, start, out end))
        {
            var digits = source.Text[start..end].Replace("_", "");
            return new(TokenKind.Float, digits, start, new FloatValue(double.Parse(digits, NumberStyles.Float, CultureInfo.InvariantCulture)));
        }

        return new(TokenKind.Integer, "", start, new IntegerValue(ReadInteger(source, start, out end)));
    }

    private static bool TryFloat(string text, int start, out int end)
    {
        end = start;
        if (start > 0 && text[start - 1] == '.')
        {
            return false;
        }

        var i = Digits(text, start, char.IsAsciiDigit);
        var isFloat = false;
        if (i + 1 < text.Length && text[i] == '.' && char.IsAsciiDigit(text[i + 1]))
        {
            i = Digits(text, i + 1, char.IsAsciiDigit);
            isFloat = true;
        }

        if (i < text.Length && text[i] is 'e' or 'E')
        {
            var exponent = i + 1 < text.Length && text[i + 1] is '+' or '-' ? i + 2 : i + 1;
            if (exponent < text.Length && char.IsAsciiDigit(text[exponent]))
            {
                i = Digits(text, exponent, char.IsAsciiDigit);
                isFloat = true;
            }
        }

        end = i;
        return isFloat;
    }

    private static BigInteger ReadInteger(TemplateSource source, int start, out int end)
    {
        var text = source.Text;
        if (text[start] == '0' && start + 1 < text.Length)
        {
            var (bits, isDigit) = (text[start + 1] | 0x20) switch
            {
                'b' => (1, (Func<char, bool>)(c => c is '0' or '1')),
                'o' => (3, c => c is >= '0' and <= '7'),
                'x' => (4, char.IsAsciiHexDigit),
                _ => (0, char.IsAsciiDigit),
            };
            if (bits > 0 && (end = Digits(text, start + 2, isDigit)) > start + 2)
            {
                CheckDigits(source, start, end);
                var value = BigInteger.Zero;
                foreach (var c in text.AsSpan(start + 2, end - start - 2))
                {
                    value = c == '_' ? value : (value << bits) + Convert.ToInt32(c.ToString(), 16);
                }

                return value;
            }

            // Zero has no digits but zeros behind it: 012 is 0 and 12.
            end = Digits(text, start, c => c == '0');
            return BigInteger.Zero;
        }

        end = Digits(text, start, char.IsAsciiDigit);
        CheckDigits(source, start, end);
        return BigInteger.Parse(text[start..end].Replace("_", ""), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    // Python's bound on converting text to an integer, which takes quadratic time.
    private static void CheckDigits(TemplateSource source, int start, int end)
    {
        if (end - start > 4300)
        {
            throw source.Fail(start, $"an integer of {end - start} digits exceeds the bound of 4300");
        }
    }

    /// <summary>The end of digits that single underscores may separate.</summary>
    private static int Digits(string text, int i, Func<char, bool> isDigit)
    {
        var end = i;
        while (i < text.Length)
        {
            if (isDigit(text[i]))
            {
                end = ++i;
            }
            else if (text[i] == '_' && i + 1 < text.Length && isDigit(text[i + 1]))
            {
                i++;
            }
            else
            {
                break;
            }
        }

        return end;
    }
}
