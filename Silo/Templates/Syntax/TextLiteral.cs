using System.Globalization;
using System.Text;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary>The escapes of a text literal: those of Python, since Jinja2 decodes with its <c>unicode-escape</c>.</summary>
internal static class TextLiteral
{
    public static string Unescape(TemplateSource source, int begin, int end)
    {
        var text = source.Text.AsSpan(begin, end - begin);
        if (!text.Contains('\\'))
        {
            return text.ToString();
        }

        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                result.Append(text[i]);
                continue;
            }

            i++;
            switch (text[i])
            {
                case '\n': break;
                case '\\' or '\'' or '"': result.Append(text[i]); break;
                case 'a': result.Append('\a'); break;
                case 'b': result.Append('\b'); break;
                case 'f': result.Append('\f'); break;
                case 'n': result.Append('\n'); break;
                case 'r': result.Append('\r'); break;
                case 't': result.Append('\t'); break;
                case 'v': result.Append('\v'); break;
                case 'x': i += Hexadecimal(2); break;
                case 'u': i += Hexadecimal(4); break;
                case 'U': i += Hexadecimal(8); break;
                case 'N': throw source.Fail(begin + i, "characters by name (\\N{...}) are not supported");
                case >= '0' and <= '7': i += Octal(text[i..]) - 1; break;
                default: i += Unknown(text[i..]) - 1; break;
            }

            int Hexadecimal(int digits)
            {
                var place = begin + i;
                var hex = source.Text.AsSpan(place + 1, Math.Min(digits, end - place - 1));
                if (hex.Length < digits || !uint.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
                {
                    throw source.Fail(place, $"truncated \\{source.Text[place]}{new string('X', digits)} escape");
                }

                if (code > 0x10FFFF)
                {
                    throw source.Fail(place, "illegal Unicode character");
                }

                // A surrogate stays half a character, as in Python; two of them make one here.
                result.Append(code <= 0xFFFF ? ((char)code).ToString() : char.ConvertFromUtf32((int)code));
                return digits;
            }
        }

        return result.ToString();

        int Octal(ReadOnlySpan<char> rest)
        {
            var (value, length) = (0, 0);
            while (length < 3 && length < rest.Length && rest[length] is >= '0' and <= '7')
            {
                value = value * 8 + (rest[length++] - '0');
            }

            result.Append((char)value);
            return length;
        }

        // An unknown escape keeps its backslash. Jinja2 writes characters beyond ASCII as escapes of their own first,
        // and a backslash in front of one then swallows that escape's backslash: '\é' is the four characters \xe9.
        int Unknown(ReadOnlySpan<char> rest)
        {
            result.Append('\\');
            if (rest[0] < 0x80)
            {
                result.Append(rest[0]);
                return 1;
            }

            Rune.DecodeFromUtf16(rest, out var rune, out var length);
            result.Append(CultureInfo.InvariantCulture, $"{(rune.Value <= 0xFF ? $"x{rune.Value:x2}" : rune.Value <= 0xFFFF ? $"u{rune.Value:x4}" : $"U{rune.Value:x8}")}");
            return length;
        }
    }
}
