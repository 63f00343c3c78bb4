using System.Globalization;
using System.Numerics;
using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Strings;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <summary>Filters on numbers.</summary>
internal static class NumberFilters
{
    public static Dictionary<string, Func<RenderContext, Value, Arguments, Value>> All { get; } = new()
    {
        ["abs"] = Absolute,
        ["int"] = ToInteger,
        ["float"] = ToFloat,
        ["round"] = Round,
        ["filesizeformat"] = FileSize,
    };

    private static Value Absolute(RenderContext context, Value value, Arguments arguments)
    {
        arguments.BindPositional("abs", 0, 0);
        if (IntegerValue.TryGet(value, out var integer))
        {
            return new IntegerValue(BigInteger.Abs(integer));
        }

        return value is FloatValue number ? new FloatValue(Math.Abs(number.Number)) : throw new TemplateFault($"bad operand type for abs(): '{value.TypeName}'");
    }

    private static Value ToInteger(RenderContext context, Value value, Arguments arguments)
    {
        var bound = arguments.Bind("int", 0, "default", "base");
        var fallback = bound[0] ?? new IntegerValue(0);
        switch (value)
        {
            case UndefinedValue undefined:
                throw undefined.Fail();
            case FloatValue { Number: var number }:
                return double.IsInfinity(number) ? throw new TemplateFault("cannot convert float infinity to integer") : Truncate(number) ?? fallback;
            case TextValue text:
                if (NumberParser.TryInteger(context, text.Text, bound[1] is null ? 10 : IntegerValue.Count(bound[1]!), out var parsed))
                {
                    return new IntegerValue(parsed);
                }

                // So that "42.23" becomes 42.
                return (NumberParser.TryFloat(context, text.Text, out var real) ? Truncate(real) : null) ?? fallback;
            default:
                return IntegerValue.TryGet(value, out var integer) ? new IntegerValue(integer) : fallback;
        }
    }

    private static IntegerValue? Truncate(double number) => double.IsFinite(number) ? new IntegerValue(new BigInteger(Math.Truncate(number))) : null;

    private static Value ToFloat(RenderContext context, Value value, Arguments arguments)
    {
        var fallback = arguments.Bind("float", 0, "default")[0] ?? new FloatValue(0);
        return value switch
        {
            UndefinedValue undefined => throw undefined.Fail(),
            TextValue text => NumberParser.TryFloat(context, text.Text, out var parsed) ? new FloatValue(parsed) : fallback,
            _ => Arithmetic.TryFloat(value, out var number) ? new FloatValue(number) : fallback,
        };
    }

    private static Value Round(RenderContext context, Value value, Arguments arguments)
    {
        var bound = arguments.Bind("round", 0, "precision", "method");
        var method = bound[1] is null ? "common" : context.Text(bound[1]!);
        var isPlain = bound[0] is NoneValue;
        var precision = bound[0] is null or NoneValue ? 0 : IntegerValue.Count(bound[0]!);
        if (method is not ("common" or "ceil" or "floor"))
        {
            throw new TemplateFault("method must be common, ceil or floor");
        }

        if (method == "common")
        {
            return RoundCommon(value, precision, isPlain);
        }

        var scale = Arithmetic.Power(context, new IntegerValue(10), new IntegerValue(precision));
        var scaled = Arithmetic.Multiply(context, value, scale);
        if (scaled is FloatValue { Number: var number })
        {
            scaled = !double.IsFinite(number)
                ? throw new TemplateFault($"cannot convert float {(double.IsNaN(number) ? "NaN" : "infinity")} to integer")
                : new IntegerValue(new BigInteger(method == "ceil" ? Math.Ceiling(number) : Math.Floor(number)));
        }

        return Arithmetic.Divide(scaled, scale);
    }

    private static Value RoundCommon(Value value, int precision, bool isPlain)
    {
        if (IntegerValue.TryGet(value, out var integer))
        {
            return new IntegerValue(precision < 0 ? RoundInteger(integer, -precision) : integer);
        }

        if (value is not FloatValue { Number: var number })
        {
            throw value is UndefinedValue undefined ? undefined.Fail() : new TemplateFault($"type {value.TypeName} doesn't define __round__ method");
        }

        if (!double.IsFinite(number) || precision > 323)
        {
            return isPlain ? throw new TemplateFault($"cannot convert float {(double.IsNaN(number) ? "NaN" : "infinity")} to integer") : value;
        }

        if (precision < -308)
        {
            return new FloatValue(Math.CopySign(0, number));
        }

        var digits = FloatText.Round(number, precision);
        if (isPlain)
        {
            return new IntegerValue(number < 0 ? -digits : digits);
        }

        var rounded = precision > 0
            ? double.Parse(FloatText.Fixed(Math.Abs(number), precision), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture)
            : Arithmetic.ToFloat(digits * BigInteger.Pow(10, -precision));
        return new FloatValue(Math.CopySign(rounded, number));
    }

    // Ties go to the even neighbour.
    private static BigInteger RoundInteger(BigInteger number, int digits)
    {
        if (digits > 100_000)
        {
            return BigInteger.Zero;
        }

        var unit = BigInteger.Pow(10, digits);
        var quotient = BigInteger.DivRem(BigInteger.Abs(number), unit, out var remainder);
        var half = (remainder * 2).CompareTo(unit);
        quotient += half > 0 || (half == 0 && !quotient.IsEven) ? 1 : 0;
        return quotient * unit * number.Sign;
    }

    private static TextValue FileSize(RenderContext context, Value value, Arguments arguments)
    {
        var isBinary = arguments.Bind("filesizeformat", 0, "binary")[0]?.IsTrue ?? false;
        if (!(value is TextValue text ? NumberParser.TryFloat(context, text.Text, out var bytes) : Arithmetic.TryFloat(value, out bytes)))
        {
            throw value is UndefinedValue undefined ? undefined.Fail() : new TemplateFault($"could not convert {value.TypeName} to float");
        }

        double step = isBinary ? 1024 : 1000;
        if (bytes < step || double.IsNaN(bytes))
        {
            return new TextValue(bytes == 1 ? "1 Byte" : $"{Truncate(bytes) ?? throw new TemplateFault("cannot convert float to integer")} Bytes");
        }

        var unit = step;
        foreach (var prefix in "kMGTPEZY")
        {
            unit *= step;
            if (bytes < unit || prefix == 'Y')
            {
                return new TextValue($"{FloatText.Fixed(step * bytes / unit, 1)} {(isBinary ? $"{char.ToUpperInvariant(prefix)}i" : prefix)}B");
            }
        }

        throw new InvalidOperationException("The last prefix takes every size.");
    }
}
