using System.Numerics;
using XLLM.Silo.Templates.Strings;
using XLLM.Silo.Templates.Syntax;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Evaluation;

/// <summary>Python's comparisons.</summary>
internal static class Comparisons
{
    public static bool Holds(RenderContext context, Comparison comparison, Value left, Value right) => comparison switch
    {
        Comparison.Equal => AreEqual(context, left, right),
        Comparison.NotEqual => !AreEqual(context, left, right),
        Comparison.In => right.Contains(context, left),
        Comparison.NotIn => !right.Contains(context, left),
        _ => Ordered(context, comparison, left, right),
    };

    /// <summary><c>left &lt; right</c>, for sorting.</summary>
    public static bool IsLess(RenderContext context, Value left, Value right) => Ordered(context, Comparison.Less, left, right);

    /// <summary>Python's <c>==</c>, which is also true of one value with itself.</summary>
    public static bool AreEqual(RenderContext context, Value left, Value right)
    {
        context.Step();
        if (ReferenceEquals(left, right))
        {
            return left is not FloatValue { Number: double.NaN };
        }

        switch (left, right)
        {
            case (TextValue first, TextValue second):
                context.Work(Math.Min(first.Text.Length, second.Text.Length));
                return first.Text == second.Text;
            case (IntegerValue or BooleanValue or FloatValue, IntegerValue or BooleanValue or FloatValue):
                return CompareNumbers(left, right) == 0;
            case (ListValue first, ListValue second):
                return AreEqual(context, first.Items, second.Items);
            case (TupleValue first, TupleValue second):
                return AreEqual(context, first.Items, second.Items);
            case (DictionaryValue first, DictionaryValue second):
                return AreEqual(context, first, second);
            case (UndefinedValue, UndefinedValue):
                return true;
            case (RangeValue first, RangeValue second):
                return first.Count == second.Count
                    && (first.Count == 0 || first.Start == second.Start)
                    && (first.Count <= 1 || first.Step == second.Step);
            case (DictionaryViewValue { IsSet: true } first, DictionaryViewValue { IsSet: true } second):
                first.TryGetLength(out var length);
                second.TryGetLength(out var other);
                return length == other && context.Collect(first).TrueForAll(item => second.Contains(context, item));
            default:
                return false;
        }
    }

    /// <summary>Compares two numbers exactly, whatever their types: -1, 0, 1, or null where one is no number.</summary>
    public static int? CompareNumbers(Value left, Value right)
    {
        var isLeftInteger = IntegerValue.TryGet(left, out var first);
        var isRightInteger = IntegerValue.TryGet(right, out var second);
        if (isLeftInteger && isRightInteger)
        {
            return first.CompareTo(second);
        }

        if (isLeftInteger)
        {
            return Compare(first, ((FloatValue)right).Number);
        }

        if (isRightInteger)
        {
            return -Compare(second, ((FloatValue)left).Number);
        }

        var (x, y) = (((FloatValue)left).Number, ((FloatValue)right).Number);
        return double.IsNaN(x) || double.IsNaN(y) ? null : x.CompareTo(y);
    }

    private static int? Compare(BigInteger integer, double number)
    {
        if (double.IsNaN(number))
        {
            return null;
        }

        if (double.IsInfinity(number))
        {
            return number > 0 ? -1 : 1;
        }

        var floor = Math.Floor(number);
        var comparison = integer.CompareTo(new BigInteger(floor));
        return comparison == 0 && number > floor ? -1 : comparison;
    }

    private static bool AreEqual(RenderContext context, IReadOnlyList<Value> left, IReadOnlyList<Value> right)
    {
        if (left.Count != right.Count)
        {
            return false;
        }

        for (var i = 0; i < left.Count; i++)
        {
            // Inside of containers one value equals itself, even one that is not a number.
            if (!ReferenceEquals(left[i], right[i]) && !AreEqual(context, left[i], right[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AreEqual(RenderContext context, DictionaryValue left, DictionaryValue right)
    {
        if (left.Items.Count != right.Items.Count)
        {
            return false;
        }

        foreach (var (key, value) in left.Items)
        {
            if (right.Find(key) is not { } other || (!ReferenceEquals(value, other) && !AreEqual(context, value, other)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Ordered(RenderContext context, Comparison comparison, Value left, Value right)
    {
        context.Step();
        switch (left, right)
        {
            case (TextValue first, TextValue second):
                context.Work(Math.Min(first.Text.Length, second.Text.Length));
                return Holds(comparison, Characters.Compare(first.Text, second.Text));
            case (IntegerValue or BooleanValue or FloatValue, IntegerValue or BooleanValue or FloatValue):
                return CompareNumbers(left, right) is { } order && Holds(comparison, order);
            case (ListValue first, ListValue second):
                return Ordered(context, comparison, first.Items, second.Items);
            case (TupleValue first, TupleValue second):
                return Ordered(context, comparison, first.Items, second.Items);
            case (UndefinedValue undefined, _):
                throw undefined.Fail();
            case (_, UndefinedValue undefined):
                throw undefined.Fail();
            default:
                throw new TemplateFault($"'{Sign(comparison)}' not supported between instances of '{left.TypeName}' and '{right.TypeName}'");
        }
    }

    private static bool Ordered(RenderContext context, Comparison comparison, IReadOnlyList<Value> left, IReadOnlyList<Value> right)
    {
        for (var i = 0; i < Math.Min(left.Count, right.Count); i++)
        {
            if (!ReferenceEquals(left[i], right[i]) && !AreEqual(context, left[i], right[i]))
            {
                return Ordered(context, comparison, left[i], right[i]);
            }
        }

        return Holds(comparison, left.Count.CompareTo(right.Count));
    }

    private static bool Holds(Comparison comparison, int order) => comparison switch
    {
        Comparison.Less => order < 0,
        Comparison.LessOrEqual => order <= 0,
        Comparison.Greater => order > 0,
        _ => order >= 0,
    };

    private static string Sign(Comparison comparison) => comparison switch
    {
        Comparison.Less => "<",
        Comparison.LessOrEqual => "<=",
        Comparison.Greater => ">",
        _ => ">=",
    };
}
