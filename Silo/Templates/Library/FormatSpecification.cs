using System.Numerics;
using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <summary>What stands behind the colon in <c>"{:&gt;8.2f}"</c>: fill, alignment, sign, width, grouping, precision, type.</summary>
internal sealed record FormatSpecification
{
    private string _fill = " ";
    private char _align;
    private char _sign = '-';
    private bool _noNegativeZero;
    private bool _isAlternate;
    private bool _isZeroPadded;
    private int _width;
    private char _separator;
    private int? _precision;
    private char _type;

    private FormatSpecification()
    {
    }

    /// <summary>Formats a value by a specification.</summary>
    public static string Format(RenderContext context, Value value, string specification)
    {
        if (specification.Length == 0)
        {
            return context.Text(value);
        }

        return value switch
        {
            TextValue text => Parse(specification).Text(context, text),
            IntegerValue or BooleanValue => Parse(specification).Integer(context, value),
            FloatValue number => Parse(specification).Float(context, number.Number, specification),
            _ => throw new TemplateFault($"unsupported format string passed to {value.TypeName}.__format__"),
        };
    }

    private static FormatSpecification Parse(string text)
    {
        var result = new FormatSpecification();
        var runes = new TextValue(text);
        var at = 0;
        var hasFill = false;
        if (runes.Length > 1 && text[runes.Offset(1)] is '<' or '>' or '=' or '^')
        {
            result._fill = text[..runes.Offset(1)];
            result._align = text[runes.Offset(1)];
            hasFill = true;
            at = runes.Offset(1) + 1;
        }
        else if (text[0] is '<' or '>' or '=' or '^')
        {
            result._align = text[at++];
        }

        if (Peek() is '+' or '-' or ' ')
        {
            result._sign = text[at++];
        }

        result._noNegativeZero = Take('z');
        result._isAlternate = Take('#');
        if (Take('0'))
        {
            result._isZeroPadded = true;
            result._fill = hasFill ? result._fill : "0";
        }

        result._width = Number() ?? 0;
        if (Peek() is ',' or '_')
        {
            result._separator = text[at++];
        }

        if (Take('.'))
        {
            result._precision = Number() ?? throw new TemplateFault("Format specifier missing precision");
        }

        if (at < text.Length)
        {
            result._type = text[at++];
        }

        return at == text.Length ? result : throw new TemplateFault("Invalid format specifier");

        char Peek() => at < text.Length ? text[at] : '\0';

        bool Take(char c)
        {
            var isThere = Peek() == c;
            at += isThere ? 1 : 0;
            return isThere;
        }

        int? Number()
        {
            var start = at;
            long number = 0;
            for (; char.IsAsciiDigit(Peek()); at++)
            {
                number = Math.Min(number * 10 + (text[at] - '0'), int.MaxValue);
            }

            return start == at ? null : number < int.MaxValue ? (int)number : throw new TemplateFault("Too many decimal digits in format string");
        }
    }

    private string Text(RenderContext context, TextValue value)
    {
        if (_type is not ('\0' or 's'))
        {
            throw UnknownType("str");
        }

        if (_sign != '-' || _isAlternate || _noNegativeZero || _separator != 0 || _align == '=')
        {
            throw new TemplateFault("Sign, alternate form, grouping and '=' alignment are not allowed in string format specifier");
        }

        var text = _precision < value.Length ? value.Text[..value.Offset(_precision.Value)] : value.Text;
        return Pad(context, "", text, _align == 0 ? '<' : _align);
    }

    private string Integer(RenderContext context, Value value)
    {
        IntegerValue.TryGet(value, out var number);
        if (_type is 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%')
        {
            return Float(context, Arithmetic.ToFloat(number), "");
        }

        if (_type is not ('\0' or 'b' or 'c' or 'd' or 'n' or 'o' or 'x' or 'X'))
        {
            throw UnknownType(value.TypeName);
        }

        if (_precision is not null)
        {
            throw new TemplateFault("Precision not allowed in integer format specifier");
        }

        if (_type == 'c')
        {
            return number.Sign >= 0 && number <= 0x10FFFF
                ? Pad(context, "", TextFormat.Character((int)number), _align == 0 ? '<' : _align)
                : throw new TemplateFault("%c arg not in range(0x110000)");
        }

        var digits = NumberFormat.Integer(context, BigInteger.Abs(number), _type);
        var prefix = _isAlternate ? NumberFormat.Prefix(_type) : "";
        return Number(context, number.Sign < 0, prefix, digits, "", _type is 'b' or 'o' or 'x' or 'X' ? 4 : 3);
    }

    private string Float(RenderContext context, double number, string specification)
    {
        if (_type is not ('\0' or 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or 'n' or '%'))
        {
            throw UnknownType("float");
        }

        context.CheckTextLength((_precision ?? 6) + 400L);
        var text = _type switch
        {
            '\0' => NumberFormat.Float(Math.Abs(number), _precision is null ? 'r' : 'g', _precision ?? 0, _isAlternate, addPointZero: true),
            '%' => NumberFormat.Float(Math.Abs(number * 100), 'f', _precision ?? 6, _isAlternate),
            'n' => NumberFormat.Float(Math.Abs(number), 'g', _precision ?? 6, _isAlternate),
            _ => NumberFormat.Float(Math.Abs(number), _type, _precision ?? 6, _isAlternate),
        };
        var isNegative = double.IsNegative(number) && !double.IsNaN(number) && !(_noNegativeZero && !text.AsSpan().ContainsAnyInRange('1', '9'));
        var end = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        var whole = end < 0 ? text : text[..end];
        return Number(context, isNegative, "", whole, text[whole.Length..] + (_type == '%' ? "%" : ""), 3);
    }

    private string Number(RenderContext context, bool isNegative, string prefix, string whole, string rest, int groupSize)
    {
        var sign = (isNegative ? "-" : _sign == '-' ? "" : _sign.ToString()) + prefix;
        var align = _align != 0 ? _align : _isZeroPadded ? '=' : '>';
        if (_separator != 0 && whole.Length > 0)
        {
            // Zeros in front are grouped too.
            var width = align == '=' && _fill == "0" ? _width - sign.Length - rest.Length : 0;
            whole = NumberFormat.Group(context, whole, _separator, groupSize, width);
        }

        return Pad(context, sign, whole + rest, align);
    }

    private string Pad(RenderContext context, string sign, string text, char align)
    {
        var padding = Math.Max(0, _width - sign.Length - new TextValue(text).Length);
        context.CheckTextLength((long)padding * _fill.Length);
        context.AllocateText(padding);
        var left = align switch
        {
            '<' => 0,
            '^' => padding / 2,
            _ => padding,
        };
        var before = string.Concat(Enumerable.Repeat(_fill, left));
        var after = string.Concat(Enumerable.Repeat(_fill, padding - left));
        return align == '=' ? sign + before + text : before + sign + text + after;
    }

    private TemplateFault UnknownType(string typeName) => new($"Unknown format code '{_type}' for object of type '{typeName}'");
}
