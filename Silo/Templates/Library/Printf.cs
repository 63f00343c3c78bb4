using System.Numerics;
using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Strings;
using XLLM.Silo.Templates.Syntax;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <summary>Python's <c>text % values</c>.</summary>
internal sealed class Printf
{
    private readonly RenderContext _context;
    private readonly string _format;
    private readonly bool _isMarkup;
    private readonly IReadOnlyList<Value> _values;
    private readonly Value? _mapping;
    private readonly TextBuilder _result;
    private int _next;
    private int _position;

    private Printf(RenderContext context, TextValue format, Value values)
    {
        _context = context;
        _format = format.Text;
        _isMarkup = format.IsMarkup;
        _values = values is TupleValue tuple ? tuple.Items : [values];
        _mapping = values is not (TupleValue or TextValue) && values.HasItems ? values : null;
        _result = new TextBuilder(context);
    }

    /// <summary>Formats a tuple's items, or one other value; a dict also by name.</summary>
    public static TextValue Format(RenderContext context, TextValue format, Value values) => new Printf(context, format, values).Run();

    private TextValue Run()
    {
        while (_position < _format.Length)
        {
            var percent = _format.IndexOf('%', _position);
            if (percent < 0)
            {
                break;
            }

            _result.Append(_format.AsSpan(_position, percent - _position));
            _position = percent + 1;
            _context.Step();
            Convert();
        }

        _result.Append(_format.AsSpan(_position));
        if (_next < _values.Count && _mapping is null)
        {
            throw new TemplateFault("not all arguments converted during string formatting");
        }

        return new TextValue(_result.ToString(), _isMarkup);
    }

    private char Read() => _position < _format.Length ? _format[_position++] : throw new TemplateFault("incomplete format");

    private Value Take() => _next < _values.Count ? _values[_next++] : throw new TemplateFault("not enough arguments for format string");

    private void Convert()
    {
        Value? named = null;
        var c = Read();
        if (c == '(')
        {
            named = ReadNamed();
            c = Read();
        }

        var flags = "";
        for (; c is '-' or '+' or ' ' or '#' or '0'; c = Read())
        {
            flags = flags.Contains(c) ? flags : flags + c;
        }

        var width = ReadNumber(ref c);
        if (width < 0)
        {
            flags += '-';
            width = -width;
        }

        int? precision = null;
        if (c == '.')
        {
            c = Read();
            precision = Math.Max(0, ReadNumber(ref c));
        }

        if (c is 'h' or 'l' or 'L')
        {
            c = Read();
        }

        if (c == '%')
        {
            _result.Append('%');
            return;
        }

        var value = named ?? Take();
        var (sign, prefix, body) = Body(c, value, precision, flags);
        Pad(sign, prefix, body, width, flags, isNumber: c is not ('s' or 'r' or 'a' or 'c'));
    }

    private Value ReadNamed()
    {
        if (_mapping is null)
        {
            throw new TemplateFault("format requires a mapping");
        }

        var (start, depth) = (_position, 1);
        while (depth > 0)
        {
            depth += (_position < _format.Length ? _format[_position++] : throw new TemplateFault("incomplete format key")) switch
            {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
        }

        var name = new TextValue(_format[start..(_position - 1)]);
        _next = _values.Count;
        return _mapping.GetItem(_context, name) ?? throw new TemplateFault($"KeyError: {Characters.Quote(name.Text)}");
    }

    private int ReadNumber(ref char c)
    {
        if (c == '*')
        {
            c = Read();
            var given = Take();
            return given is IntegerValue or BooleanValue ? IntegerValue.Count(given) : throw new TemplateFault("* wants int");
        }

        long number = 0;
        for (; char.IsAsciiDigit(c); c = Read())
        {
            number = Math.Min(number * 10 + (c - '0'), int.MaxValue);
        }

        return (int)number;
    }

    private (string Sign, string Prefix, string Body) Body(char type, Value value, int? precision, string flags)
    {
        switch (type)
        {
            case 's' or 'r' or 'a':
                var text = type == 's' ? Text(value) : Represent(value, isAscii: type == 'a');
                var whole = new TextValue(text);
                return ("", "", precision < whole.Length ? text[..whole.Offset(precision.Value)] : text);
            case 'c':
                return ("", "", Character(value));
            case 'd' or 'i' or 'u' or 'o' or 'x' or 'X':
                var number = Integer(type, value);
                var digits = NumberFormat.Integer(_context, BigInteger.Abs(number), type is 'i' or 'u' ? 'd' : type);
                _context.CheckTextLength(precision ?? 0);
                return (Sign(number.Sign < 0, flags), flags.Contains('#') ? NumberFormat.Prefix(type) : "", digits.PadLeft(precision ?? 0, '0'));
            case 'e' or 'E' or 'f' or 'F' or 'g' or 'G':
                var real = Arithmetic.TryFloat(value, out var isReal) ? isReal : throw NotReal(value);
                _context.CheckTextLength((precision ?? 6) + 400L);
                return (Sign(double.IsNegative(real) && !double.IsNaN(real), flags), "", NumberFormat.Float(Math.Abs(real), type, precision ?? 6, flags.Contains('#')));
            default:
                throw new TemplateFault($"unsupported format character '{type}' (0x{(int)type:x}) at index {_position - 1}");
        }
    }

    private string Text(Value value) => _isMarkup ? Markup.Escape(_context, value) : _context.Text(value);

    private string Represent(Value value, bool isAscii)
    {
        var text = _context.Represent(value);
        text = isAscii ? TextFormat.Ascii(text) : text;
        return _isMarkup ? Markup.Escape(_context, text) : text;
    }

    private static TemplateFault NotReal(Value value) =>
        value is UndefinedValue undefined ? undefined.Fail() : new TemplateFault($"must be real number, not {value.TypeName}");

    private static string Character(Value value) => value switch
    {
        TextValue { Length: 1 } text => text.Text,
        IntegerValue { Number: var code } when code.Sign >= 0 && code <= 0x10FFFF => TextFormat.Character((int)code),
        IntegerValue => throw new TemplateFault("%c arg not in range(0x110000)"),
        _ => throw new TemplateFault("%c requires int or char"),
    };

    private static BigInteger Integer(char type, Value value)
    {
        if (IntegerValue.TryGet(value, out var number))
        {
            return number;
        }

        if (type is 'd' or 'i' or 'u' && value is FloatValue { Number: var real })
        {
            return double.IsFinite(real) ? new BigInteger(Math.Truncate(real)) : throw new TemplateFault($"cannot convert float {(double.IsNaN(real) ? "NaN" : "infinity")} to integer");
        }

        throw value is UndefinedValue undefined
            ? undefined.Fail()
            : new TemplateFault($"%{type} format: {(type is 'o' or 'x' or 'X' ? "an integer" : "a real number")} is required, not {value.TypeName}");
    }

    private static string Sign(bool isNegative, string flags) => isNegative ? "-" : flags.Contains('+') ? "+" : flags.Contains(' ') ? " " : "";

    private void Pad(string sign, string prefix, string body, int width, string flags, bool isNumber)
    {
        var padding = Math.Max(0, width - sign.Length - prefix.Length - new TextValue(body).Length);
        var isLeft = flags.Contains('-');
        var isZero = !isLeft && isNumber && flags.Contains('0');
        if (!isLeft && !isZero)
        {
            _result.Append(' ', padding);
        }

        _result.Append(sign);
        _result.Append(prefix);
        if (isZero)
        {
            _result.Append('0', padding);
        }

        _result.Append(body);
        if (isLeft)
        {
            _result.Append(' ', padding);
        }
    }
}
