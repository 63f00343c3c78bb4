using System.Numerics;
using XLLM.Silo.Templates.Library;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Evaluation;

/// <summary>Python's arithmetic: integers of any size within a bound, floats, and what <c>+</c>, <c>*</c> and <c>%</c> mean for texts and lists.</summary>
internal static class Arithmetic
{
    // Integers up to here are exact as floats.
    private static readonly BigInteger ExactFloat = BigInteger.One << 53;

    public static Value Sign(Value value, bool isNegative)
    {
        if (IntegerValue.TryGet(value, out var integer))
        {
            return new IntegerValue(isNegative ? -integer : integer);
        }

        return value switch
        {
            FloatValue number => new FloatValue(isNegative ? -number.Number : number.Number),
            UndefinedValue undefined => throw undefined.Fail(),
            _ => throw new TemplateFault($"bad operand type for unary {(isNegative ? '-' : '+')}: '{value.TypeName}'"),
        };
    }

    public static Value Add(RenderContext context, Value left, Value right)
    {
        if (TryIntegers(left, right, out var first, out var second))
        {
            return Integer(context, first + second);
        }

        if (TryFloats(left, right, out var x, out var y))
        {
            return new FloatValue(x + y);
        }

        switch (left, right)
        {
            case (TextValue head, TextValue tail):
                var isMarkup = head.IsMarkup || tail.IsMarkup;
                var (begin, end) = isMarkup ? (Markup.Escape(context, head), Markup.Escape(context, tail)) : (head.Text, tail.Text);
                context.CheckTextLength((long)begin.Length + end.Length);
                context.AllocateText(begin.Length + end.Length);
                return new TextValue(begin + end, isMarkup);
            case (ListValue head, ListValue tail):
                return Join(context, head, tail);
            case (TupleValue head, TupleValue tail):
                return Join(context, head, tail);
            case (UndefinedValue undefined, _):
                throw undefined.Fail();
            case (_, UndefinedValue undefined):
                throw undefined.Fail();
            case (TextValue or SequenceValue, _):
                throw new TemplateFault($"can only concatenate {left.TypeName} (not \"{right.TypeName}\") to {left.TypeName}");
            default:
                throw Unsupported("+", left, right);
        }
    }

    public static Value Subtract(RenderContext context, Value left, Value right) =>
        TryIntegers(left, right, out var first, out var second) ? Integer(context, first - second)
        : TryFloats(left, right, out var x, out var y) ? new FloatValue(x - y)
        : throw Unsupported("-", left, right);

    public static Value Multiply(RenderContext context, Value left, Value right)
    {
        if (TryIntegers(left, right, out var first, out var second))
        {
            CheckBits(context, (double)first.GetBitLength() + second.GetBitLength());
            return new IntegerValue(first * second);
        }

        if (TryFloats(left, right, out var x, out var y))
        {
            return new FloatValue(x * y);
        }

        if (left is TextValue or SequenceValue && IntegerValue.TryGet(right, out second))
        {
            return Repeat(context, left, second);
        }

        if (right is TextValue or SequenceValue && IntegerValue.TryGet(left, out first))
        {
            return Repeat(context, right, first);
        }

        throw left is UndefinedValue or not (TextValue or SequenceValue)
            ? Unsupported("*", left, right)
            : right is UndefinedValue undefined ? undefined.Fail() : new TemplateFault($"can't multiply sequence by non-int of type '{right.TypeName}'");
    }

    public static Value Divide(Value left, Value right)
    {
        if (TryIntegers(left, right, out var first, out var second))
        {
            return second.IsZero ? throw new TemplateFault("division by zero") : new FloatValue(Divide(first, second));
        }

        if (TryFloats(left, right, out var x, out var y))
        {
            return y == 0 ? throw new TemplateFault("float division by zero") : new FloatValue(x / y);
        }

        throw Unsupported("/", left, right);
    }

    public static Value FloorDivide(RenderContext context, Value left, Value right)
    {
        if (TryIntegers(left, right, out var first, out var second))
        {
            return second.IsZero ? throw new TemplateFault("integer division or modulo by zero") : Integer(context, FloorDivide(first, second));
        }

        if (TryFloats(left, right, out var x, out var y))
        {
            return y == 0 ? throw new TemplateFault("float floor division by zero") : new FloatValue(FloorDivide(x, y).Quotient);
        }

        throw Unsupported("//", left, right);
    }

    public static Value Modulo(RenderContext context, Value left, Value right)
    {
        if (left is TextValue format)
        {
            return Printf.Format(context, format, right);
        }

        if (TryIntegers(left, right, out var first, out var second))
        {
            return second.IsZero ? throw new TemplateFault("integer modulo by zero") : new IntegerValue(first - (FloorDivide(first, second) * second));
        }

        if (TryFloats(left, right, out var x, out var y))
        {
            return y == 0 ? throw new TemplateFault("float modulo") : new FloatValue(FloorDivide(x, y).Remainder);
        }

        throw Unsupported("%", left, right);
    }

    public static Value Power(RenderContext context, Value left, Value right)
    {
        if (TryIntegers(left, right, out var first, out var second) && second.Sign >= 0)
        {
            return Power(context, first, second);
        }

        if (!TryFloats(left, right, out var x, out var y))
        {
            throw Unsupported("** or pow()", left, right);
        }

        if (x == 0 && y < 0)
        {
            throw new TemplateFault("0.0 cannot be raised to a negative power");
        }

        if (x < 0 && double.IsFinite(x) && double.IsFinite(y) && !double.IsInteger(y))
        {
            throw new TemplateFault("a negative number raised to a fraction is complex, which is not supported");
        }

        // .NET and C agree but for 1 and a NaN, which give 1.
        var power = x == 1 ? 1 : Math.Pow(x, y);
        return double.IsInfinity(power) && double.IsFinite(x) && double.IsFinite(y)
            ? throw new TemplateFault("(34, 'Numerical result out of range')")
            : new FloatValue(power);
    }

    /// <summary>The nearest float of an integer.</summary>
    /// <exception cref="TemplateFault">It is beyond all floats.</exception>
    public static double ToFloat(BigInteger value)
    {
        if (BigInteger.Abs(value) <= ExactFloat)
        {
            return (double)(long)value;
        }

        var result = Scale(BigInteger.Abs(value), 0, isInexact: false);
        return double.IsInfinity(result) ? throw new TemplateFault("int too large to convert to float") : value.Sign < 0 ? -result : result;
    }

    /// <summary>The float of a number or a boolean.</summary>
    public static bool TryFloat(Value value, out double number)
    {
        if (value is FloatValue { Number: var isFloat })
        {
            number = isFloat;
            return true;
        }

        var isInteger = IntegerValue.TryGet(value, out var integer);
        number = isInteger ? ToFloat(integer) : 0;
        return isInteger;
    }

    private static bool TryIntegers(Value left, Value right, out BigInteger first, out BigInteger second)
    {
        second = BigInteger.Zero;
        return IntegerValue.TryGet(left, out first) && IntegerValue.TryGet(right, out second);
    }

    private static bool TryFloats(Value left, Value right, out double first, out double second)
    {
        second = 0;
        return TryFloat(left, out first) && TryFloat(right, out second);
    }

    private static TemplateFault Unsupported(string sign, Value left, Value right) => left is UndefinedValue first
        ? first.Fail()
        : right is UndefinedValue second
            ? second.Fail()
            : new TemplateFault($"unsupported operand type(s) for {sign}: '{left.TypeName}' and '{right.TypeName}'");

    private static IntegerValue Integer(RenderContext context, BigInteger value)
    {
        CheckBits(context, value.GetBitLength());
        return new IntegerValue(value);
    }

    private static void CheckBits(RenderContext context, double bits)
    {
        context.Work((long)Math.Min(bits / 8, context.Limits.MaxIntegerBits));
        if (bits > context.Limits.MaxIntegerBits)
        {
            throw new TemplateFault($"an integer of {bits:F0} bits exceeds the bound of {context.Limits.MaxIntegerBits} (MaxIntegerBits)");
        }
    }

    private static Value Join(RenderContext context, SequenceValue head, SequenceValue tail)
    {
        context.AllocateItems(head.Items.Count + tail.Items.Count);
        Value[] items = [.. head.Items, .. tail.Items];
        return head is ListValue ? new ListValue(items) : new TupleValue(items);
    }

    private static Value Repeat(RenderContext context, Value value, BigInteger times)
    {
        var count = times.Sign < 0 ? 0 : times > int.MaxValue ? int.MaxValue : (int)times;
        if (value is TextValue text)
        {
            context.CheckTextLength((long)text.Text.Length * count);
            context.AllocateText((long)text.Text.Length * count);
            return new TextValue(text.Text.Length == 0 ? "" : string.Concat(Enumerable.Repeat(text.Text, count)), text.IsMarkup);
        }

        var sequence = (SequenceValue)value;
        context.AllocateItems((long)sequence.Items.Count * count);
        var items = new List<Value>(sequence.Items.Count * count);
        for (var i = 0; i < count && sequence.Items.Count > 0; i++)
        {
            items.AddRange(sequence.Items);
        }

        return sequence is ListValue ? new ListValue(items) : new TupleValue(items);
    }

    private static BigInteger FloorDivide(BigInteger first, BigInteger second)
    {
        var quotient = BigInteger.DivRem(first, second, out var remainder);
        return remainder.Sign != 0 && remainder.Sign != second.Sign ? quotient - 1 : quotient;
    }

    private static (double Quotient, double Remainder) FloorDivide(double x, double y)
    {
        var remainder = x % y;
        var quotient = (x - remainder) / y;
        if (remainder != 0)
        {
            if (y < 0 != remainder < 0)
            {
                remainder += y;
                quotient--;
            }
        }
        else
        {
            remainder = Math.CopySign(0, y);
        }

        if (quotient == 0)
        {
            return (Math.CopySign(0, x / y), remainder);
        }

        var floor = Math.Floor(quotient);
        return (quotient - floor > 0.5 ? floor + 1 : floor, remainder);
    }

    private static IntegerValue Power(RenderContext context, BigInteger number, BigInteger exponent)
    {
        if (BigInteger.Abs(number) <= BigInteger.One)
        {
            return new IntegerValue(number.IsZero && !exponent.IsZero ? BigInteger.Zero : number.Sign < 0 && !exponent.IsEven ? BigInteger.MinusOne : BigInteger.One);
        }

        // The result has at least (bits - 1) times the exponent bits, which refuses it before it is computed.
        CheckBits(context, (double)(number.GetBitLength() - 1) * (exponent > int.MaxValue ? int.MaxValue : (double)exponent));
        return Integer(context, BigInteger.Pow(number, (int)exponent));
    }

    private static double Divide(BigInteger first, BigInteger second)
    {
        if (BigInteger.Abs(first) <= ExactFloat && BigInteger.Abs(second) <= ExactFloat)
        {
            return (double)(long)first / (double)(long)second;
        }

        // At least 66 bits of quotient, and whether anything remains, decide the rounding.
        var isNegative = first.Sign * second.Sign < 0;
        (first, second) = (BigInteger.Abs(first), BigInteger.Abs(second));
        var shift = (int)(66 - (first.GetBitLength() - second.GetBitLength()));
        var quotient = shift > 0 ? BigInteger.DivRem(first << shift, second, out var remainder) : BigInteger.DivRem(first, second << -shift, out remainder);
        var result = Scale(quotient, -shift, isInexact: !remainder.IsZero);
        return double.IsInfinity(result) ? throw new TemplateFault("integer division result too large for a float") : isNegative ? -result : result;
    }

    /// <summary>The float nearest to value * 2^exponent, ties to even.</summary>
    private static double Scale(BigInteger value, int exponent, bool isInexact)
    {
        var surplus = (int)Math.Max(0, (long)value.GetBitLength() - 64);
        var top = (ulong)(value >> surplus);
        var isSticky = isInexact || (surplus > 0 && !(value & ((BigInteger.One << surplus) - 1)).IsZero);
        return Math.ScaleB((double)(isSticky ? top | 1 : top), surplus + exponent);
    }
}
