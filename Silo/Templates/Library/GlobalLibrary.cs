using System.Numerics;
using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <summary>The variables that every chat template has. <c>lipsum</c> is left out: it is random.</summary>
internal static class GlobalLibrary
{
    private static readonly Dictionary<string, Value> Globals = new()
    {
        ["range"] = new FunctionValue("range", Range, "type"),
        ["dict"] = new FunctionValue("dict", Dictionary, "type"),
        ["namespace"] = new FunctionValue("jinja2.utils.Namespace", (context, arguments) => new NamespaceValue(Dictionary(context, arguments)), "type"),
        ["cycler"] = new FunctionValue("jinja2.utils.Cycler", Cycler, "type"),
        ["joiner"] = new FunctionValue("jinja2.utils.Joiner", (_, arguments) => new JoinerValue(arguments.Bind("joiner", 0, "sep")[0] ?? new TextValue(", ")), "type"),
        ["raise_exception"] = new FunctionValue("raise_exception", Raise, "function"),
        ["strftime_now"] = new FunctionValue("strftime_now", Now, "function"),
    };

    public static Value? Find(string name) => Globals.GetValueOrDefault(name);

    private static RangeValue Range(RenderContext context, Arguments arguments)
    {
        var bound = arguments.BindPositional("range", 1, 3);
        var first = Integer(bound[0]!);
        var (start, stop) = bound[1] is null ? (BigInteger.Zero, first) : (first, Integer(bound[1]!));
        var step = bound[2] is null ? BigInteger.One : Integer(bound[2]!);
        if (step.IsZero)
        {
            throw new TemplateFault("range() arg 3 must not be zero");
        }

        var size = RangeValue.Size(start, stop, step);
        return size <= context.Limits.MaxRangeLength
            ? new RangeValue(start, stop, step)
            : throw new TemplateFault($"Range too big. The sandbox blocks ranges larger than MAX_RANGE ({context.Limits.MaxRangeLength}).");
    }

    private static BigInteger Integer(Value value)
    {
        if (IntegerValue.TryGet(value, out var number))
        {
            return number;
        }

        throw value is UndefinedValue undefined ? undefined.Fail() : new TemplateFault($"'{value.TypeName}' object cannot be interpreted as an integer");
    }

    private static DictionaryValue Dictionary(RenderContext context, Arguments arguments)
    {
        if (arguments.Positional.Count > 1)
        {
            throw new TemplateFault($"dict expected at most 1 argument, got {arguments.Positional.Count}");
        }

        var result = new DictionaryValue(context);
        if (arguments.Positional is [DictionaryValue source])
        {
            foreach (var (key, value) in source.Items)
            {
                context.AllocateItems(2);
                result.Set(key, value);
            }
        }
        else if (arguments.Positional is [var pairs])
        {
            foreach (var pair in context.Collect(pairs))
            {
                var items = context.Collect(pair);
                result.Set(items.Count == 2 ? items[0] : throw new TemplateFault($"dictionary update sequence element has length {items.Count}; 2 is required"), items[1]);
            }
        }

        foreach (var (name, value) in arguments.Keywords)
        {
            result.Set(new TextValue(name), value);
        }

        return result;
    }

    private static CyclerValue Cycler(RenderContext context, Arguments arguments)
    {
        if (arguments.Keywords.Count > 0)
        {
            throw new TemplateFault("cycler() takes no keyword arguments");
        }

        return arguments.Positional.Count > 0 ? new CyclerValue(arguments.Positional) : throw new TemplateFault("at least one item has to be provided");
    }

    private static Value Raise(RenderContext context, Arguments arguments) =>
        throw new TemplateFault(context.Text(arguments.Bind("raise_exception", 1, "message")[0]!), isRaised: true);

    private static TextValue Now(RenderContext context, Arguments arguments)
    {
        var format = arguments.Bind("strftime_now", 1, "format")[0] as TextValue ?? throw new TemplateFault("strftime() argument 1 must be str");
        return new TextValue(TimeFormat.Format(context, context.Clock.GetLocalNow().DateTime, format.Text));
    }
}
