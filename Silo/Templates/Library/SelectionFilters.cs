using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <summary>Filters that go through a sequence item by item and yield as they are asked.</summary>
internal static class SelectionFilters
{
    public static Dictionary<string, Func<RenderContext, Value, Arguments, Value>> All { get; } = new()
    {
        ["map"] = (context, value, arguments) => new IteratorValue("generator", Map(context, value, arguments)),
        ["select"] = (context, value, arguments) => new IteratorValue("generator", Select(context, value, arguments, keeps: true, byAttribute: false)),
        ["reject"] = (context, value, arguments) => new IteratorValue("generator", Select(context, value, arguments, keeps: false, byAttribute: false)),
        ["selectattr"] = (context, value, arguments) => new IteratorValue("generator", Select(context, value, arguments, keeps: true, byAttribute: true)),
        ["rejectattr"] = (context, value, arguments) => new IteratorValue("generator", Select(context, value, arguments, keeps: false, byAttribute: true)),
        ["unique"] = (context, value, arguments) => new IteratorValue("generator", Unique(context, value, arguments.Bind("unique", 0, "case_sensitive", "attribute"))),
    };

    private static IEnumerator<Value> Map(RenderContext context, Value value, Arguments arguments)
    {
        if (!value.IsTrue)
        {
            yield break;
        }

        var map = Mapping(context, arguments);
        var items = value.Iterate(context);
        while (items.MoveNext())
        {
            context.Step();
            yield return map(items.Current);
        }
    }

    private static Func<Value, Value> Mapping(RenderContext context, Arguments arguments)
    {
        if (arguments.Positional.Count == 0 && arguments.Keywords.Any(keyword => keyword.Key == "attribute"))
        {
            var bound = arguments.Bind("map", 0, "attribute", "default");
            return AttributeGetter.Of(context, bound[0], bound[1]);
        }

        if (arguments.Positional.Count == 0)
        {
            throw new TemplateFault("map requires a filter argument");
        }

        var name = Name(context, arguments.Positional[0], "filter");
        var filter = FilterLibrary.Find(name);
        var rest = arguments.Skip(1);
        return item => filter(context, item, rest);
    }

    private static IEnumerator<Value> Select(RenderContext context, Value value, Arguments arguments, bool keeps, bool byAttribute)
    {
        if (!value.IsTrue)
        {
            yield break;
        }

        var test = Predicate(context, arguments, byAttribute);
        var items = value.Iterate(context);
        while (items.MoveNext())
        {
            context.Step();
            var item = items.Current;
            if (test(item) == keeps)
            {
                yield return item;
            }
        }
    }

    private static Func<Value, bool> Predicate(RenderContext context, Arguments arguments, bool byAttribute)
    {
        if (byAttribute && arguments.Positional.Count == 0)
        {
            throw new TemplateFault("Missing parameter for attribute name");
        }

        Func<Value, Value> getter = byAttribute ? AttributeGetter.Of(context, arguments.Positional[0]) : item => item;
        var rest = arguments.Skip(byAttribute ? 1 : 0);
        if (rest.Positional.Count == 0)
        {
            return item => getter(item).IsTrue;
        }

        var test = TestLibrary.Find(Name(context, rest.Positional[0], "test"));
        var testArguments = rest.Skip(1);
        return item => test(context, getter(item), testArguments);
    }

    private static string Name(RenderContext context, Value value, string what) => value switch
    {
        TextValue text => text.Text,
        UndefinedValue undefined => throw new TemplateFault($"No {what} named Undefined. ({undefined.Fail().Message}; did you forget to quote the callable name?)"),
        _ => throw new TemplateFault($"No {what} named {context.Represent(value)}."),
    };

    private static IEnumerator<Value> Unique(RenderContext context, Value value, Value?[] arguments)
    {
        var getter = AttributeGetter.Of(context, arguments[1], null, ignoreCase: !(arguments[0]?.IsTrue ?? false));
        var seen = new HashSet<Value>(context.Comparer);
        var items = value.Iterate(context);
        while (items.MoveNext())
        {
            context.AllocateItems(1);
            var key = getter(items.Current);
            if (seen.Add(key.IsHashable ? key : throw new TemplateFault($"unhashable type: '{key.TypeName}'")))
            {
                yield return items.Current;
            }
        }
    }
}
