using System.Numerics;
using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Syntax;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <summary>What may stand behind <c>is</c>.</summary>
internal static class TestLibrary
{
    private static readonly Dictionary<string, Func<RenderContext, Value, Arguments, bool>> Tests = new()
    {
        ["defined"] = Plain((_, value) => value is not UndefinedValue),
        ["undefined"] = Plain((_, value) => value is UndefinedValue),
        ["none"] = Plain((_, value) => value is NoneValue),
        ["boolean"] = Plain((_, value) => value is BooleanValue),
        ["true"] = Plain((_, value) => value is BooleanValue { IsTrue: true }),
        ["false"] = Plain((_, value) => value is BooleanValue { IsTrue: false }),
        ["integer"] = Plain((_, value) => value is IntegerValue),
        ["float"] = Plain((_, value) => value is FloatValue),
        ["number"] = Plain((_, value) => value is IntegerValue or FloatValue or BooleanValue),
        ["string"] = Plain((_, value) => value is TextValue),
        ["mapping"] = Plain((_, value) => value is DictionaryValue),
        ["sequence"] = Plain((_, value) => value.HasItems),
        ["iterable"] = Plain((_, value) => value.IsIterable),
        ["callable"] = Plain((_, value) => value.IsCallable),
        ["escaped"] = Plain((_, value) => value is TextValue { IsMarkup: true }),
        ["lower"] = Plain((context, value) => TextMethods.IsLower(context.Text(value))),
        ["upper"] = Plain((context, value) => TextMethods.IsUpper(context.Text(value))),
        ["odd"] = Plain((context, value) => Remains(context, value, new IntegerValue(2), 1)),
        ["even"] = Plain((context, value) => Remains(context, value, new IntegerValue(2), 0)),
        ["divisibleby"] = With("num", (context, value, number) => Remains(context, value, number, 0)),
        ["filter"] = Plain((_, value) => value is TextValue name && FilterLibrary.Contains(name.Text)),
        ["test"] = Plain((_, value) => value is TextValue name && Contains(name.Text)),
        ["sameas"] = With("other", (_, value, other) => AreSame(value, other)),
        ["in"] = With("seq", (context, value, items) => items.Contains(context, value)),
        ["=="] = Compare(Comparison.Equal),
        ["eq"] = Compare(Comparison.Equal),
        ["equalto"] = Compare(Comparison.Equal),
        ["!="] = Compare(Comparison.NotEqual),
        ["ne"] = Compare(Comparison.NotEqual),
        [">"] = Compare(Comparison.Greater),
        ["gt"] = Compare(Comparison.Greater),
        ["greaterthan"] = Compare(Comparison.Greater),
        [">="] = Compare(Comparison.GreaterOrEqual),
        ["ge"] = Compare(Comparison.GreaterOrEqual),
        ["<"] = Compare(Comparison.Less),
        ["lt"] = Compare(Comparison.Less),
        ["lessthan"] = Compare(Comparison.Less),
        ["<="] = Compare(Comparison.LessOrEqual),
        ["le"] = Compare(Comparison.LessOrEqual),
    };

    public static bool Contains(string name) => Tests.ContainsKey(name);

    public static Func<RenderContext, Value, Arguments, bool> Find(string name) =>
        Tests.GetValueOrDefault(name) ?? throw new TemplateFault($"No test named '{name}' found.");

    private static Func<RenderContext, Value, Arguments, bool> Plain(Func<RenderContext, Value, bool> test) => (context, value, arguments) =>
    {
        arguments.Bind("test", 0);
        return test(context, value);
    };

    private static Func<RenderContext, Value, Arguments, bool> With(string parameter, Func<RenderContext, Value, Value, bool> test) =>
        (context, value, arguments) => test(context, value, arguments.Bind("test", 1, parameter)[0]!);

    private static Func<RenderContext, Value, Arguments, bool> Compare(Comparison comparison) =>
        (context, value, arguments) => Comparisons.Holds(context, comparison, value, arguments.BindPositional("test", 1, 1)[0]!);

    private static bool Remains(RenderContext context, Value value, Value divisor, int remainder) =>
        Comparisons.AreEqual(context, Arithmetic.Modulo(context, value, divisor), new IntegerValue(remainder));

    // Python shares small integers and the texts of a program, so those are the same when they are equal.
    private static bool AreSame(Value value, Value other) => ReferenceEquals(value, other) || (value, other) switch
    {
        (IntegerValue first, IntegerValue second) => first.Number == second.Number && BigInteger.Abs(first.Number) <= 256,
        (TextValue first, TextValue second) => first.Text == second.Text && first.IsMarkup == second.IsMarkup,
        _ => false,
    };
}
