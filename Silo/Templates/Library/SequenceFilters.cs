using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Syntax;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <summary>Filters on whole sequences.</summary>
internal static class SequenceFilters
{
    public static Dictionary<string, Func<RenderContext, Value, Arguments, Value>> All { get; } = new()
    {
        ["length"] = Length,
        ["count"] = Length,
        ["list"] = (context, value, arguments) => NoArguments(arguments, "list", () => new ListValue(context.Collect(value))),
        ["first"] = (context, value, arguments) => NoArguments(arguments, "first", () => First(value.Iterate(context), "first")),
        ["last"] = (context, value, arguments) => NoArguments(arguments, "last", () => First(value.IterateReversed(context), "last")),
        ["reverse"] = (context, value, arguments) => NoArguments(arguments, "reverse", () => Reverse(context, value)),
        ["items"] = (context, value, arguments) => NoArguments(arguments, "items", () => new IteratorValue("generator", Items(value))),
        ["join"] = Join,
        ["sort"] = Sort,
        ["dictsort"] = DictionarySort,
        ["groupby"] = GroupBy,
        ["sum"] = Sum,
        ["min"] = (context, value, arguments) => Extreme(context, value, arguments, isMax: false),
        ["max"] = (context, value, arguments) => Extreme(context, value, arguments, isMax: true),
        ["batch"] = (context, value, arguments) => new IteratorValue("generator", Batch(context, value, arguments.Bind("batch", 1, "linecount", "fill_with"))),
        ["slice"] = (context, value, arguments) => new IteratorValue("generator", Slice(context, value, arguments.Bind("slice", 1, "slices", "fill_with"))),
    };

    private static Value NoArguments(Arguments arguments, string function, Func<Value> run)
    {
        arguments.Bind(function, 0);
        return run();
    }

    private static IntegerValue Length(RenderContext context, Value value, Arguments arguments)
    {
        arguments.BindPositional("len", 0, 0);
        return value.TryGetLength(out var length) ? new IntegerValue(length) : throw new TemplateFault($"object of type '{value.TypeName}' has no len()");
    }

    private static Value First(IEnumerator<Value> items, string which) =>
        items.MoveNext() ? items.Current : UndefinedValue.Because($"No {which} item, sequence was empty.");

    private static Value Reverse(RenderContext context, Value value)
    {
        if (value is TextValue)
        {
            return value.Slice(context, new Slice(null, null, new IntegerValue(-1)));
        }

        if (value.IsReversible)
        {
            return new IteratorValue("list_reverseiterator", value.IterateReversed(context));
        }

        var items = value.IsIterable ? context.Collect(value) : throw new TemplateFault("argument must be iterable");
        items.Reverse();
        return new ListValue(items);
    }

    private static IEnumerator<Value> Items(Value value)
    {
        if (value is UndefinedValue)
        {
            yield break;
        }

        var dictionary = value as DictionaryValue ?? throw new TemplateFault("Can only get item pairs from a mapping.");
        foreach (var (key, item) in dictionary.Items)
        {
            yield return new TupleValue([key, item]);
        }
    }

    private static TextValue Join(RenderContext context, Value value, Arguments arguments)
    {
        var bound = arguments.Bind("join", 0, "d", "attribute");
        var getter = bound[1] is null or NoneValue ? null : AttributeGetter.Of(context, bound[1]);
        var separator = bound[0] ?? new TextValue("");
        var items = context.Collect(value).ConvertAll(item => getter is null ? item : getter(item));
        var isMarkup = context.AutoEscape && (separator is TextValue { IsMarkup: true } || items.Exists(item => item is TextValue { IsMarkup: true }));
        var between = isMarkup ? Markup.Escape(context, separator) : context.Text(separator);
        var result = new TextBuilder(context);
        for (var i = 0; i < items.Count; i++)
        {
            result.Append(i > 0 ? between : "");
            if (isMarkup)
            {
                result.Append(Markup.Escape(context, items[i]));
            }
            else
            {
                items[i].WriteText(result);
            }
        }

        return new TextValue(result.ToString(), isMarkup);
    }

    private static ListValue Sort(RenderContext context, Value value, Arguments arguments)
    {
        var bound = arguments.Bind("sort", 0, "reverse", "case_sensitive", "attribute");
        var getter = AttributeGetter.OfMany(context, bound[2], ignoreCase: !(bound[1]?.IsTrue ?? false));
        var items = context.Collect(value);
        return new ListValue(Sorting.Sort(context, items, items.ConvertAll(item => getter(item)), bound[0]?.IsTrue ?? false));
    }

    private static ListValue DictionarySort(RenderContext context, Value value, Arguments arguments)
    {
        var bound = arguments.Bind("dictsort", 0, "case_sensitive", "by", "reverse");
        var by = bound[1] is null ? "key" : context.Text(bound[1]!);
        if (by is not ("key" or "value"))
        {
            throw new TemplateFault("You can only sort by either \"key\" or \"value\"");
        }

        var dictionary = value as DictionaryValue
            ?? throw (value is UndefinedValue undefined ? undefined.Fail() : new TemplateFault($"'{value.TypeName}' object has no attribute 'items'"));
        var items = dictionary.Items.Select(item => (Value)new TupleValue([item.Key, item.Value])).ToList();
        var keys = dictionary.Items.Select(item => by == "key" ? item.Key : item.Value)
            .Select(key => bound[0]?.IsTrue ?? false ? key : AttributeGetter.IgnoreCase(context, key)).ToList();
        context.AllocateItems(items.Count * 2L);
        return new ListValue(Sorting.Sort(context, items, keys, bound[2]?.IsTrue ?? false));
    }

    private static ListValue GroupBy(RenderContext context, Value value, Arguments arguments)
    {
        var bound = arguments.Bind("groupby", 1, "attribute", "default", "case_sensitive");
        var ignoreCase = !(bound[2]?.IsTrue ?? false);
        var getter = AttributeGetter.Of(context, bound[0], bound[1], ignoreCase);
        var original = AttributeGetter.Of(context, bound[0], bound[1]);
        var items = context.Collect(value);
        var sorted = Sorting.Sort(context, items, items.ConvertAll(item => getter(item)), isReversed: false);
        var groups = new List<Value>();
        for (var i = 0; i < sorted.Count;)
        {
            var key = getter(sorted[i]);
            var members = new List<Value>();
            for (; i < sorted.Count && Comparisons.AreEqual(context, getter(sorted[i]), key); i++)
            {
                members.Add(sorted[i]);
            }

            groups.Add(new GroupValue(original(members[0]), new ListValue(members)));
        }

        return new ListValue(groups);
    }

    private static Value Sum(RenderContext context, Value value, Arguments arguments)
    {
        var bound = arguments.Bind("sum", 0, "attribute", "start");
        var getter = bound[0] is null or NoneValue ? null : AttributeGetter.Of(context, bound[0]);
        var sum = bound[1] ?? new IntegerValue(0);
        if (sum is TextValue)
        {
            throw new TemplateFault("sum() can't sum strings [use ''.join(seq) instead]");
        }

        var items = value.Iterate(context);
        while (items.MoveNext())
        {
            sum = Arithmetic.Add(context, sum, getter is null ? items.Current : getter(items.Current));
        }

        return sum;
    }

    private static Value Extreme(RenderContext context, Value value, Arguments arguments, bool isMax)
    {
        var bound = arguments.Bind(isMax ? "max" : "min", 0, "case_sensitive", "attribute");
        var getter = AttributeGetter.Of(context, bound[1], null, ignoreCase: !(bound[0]?.IsTrue ?? false));
        var items = value.Iterate(context);
        if (!items.MoveNext())
        {
            return UndefinedValue.Because("No aggregated item, sequence was empty.");
        }

        var (best, bestKey) = (items.Current, getter(items.Current));
        while (items.MoveNext())
        {
            var key = getter(items.Current);
            if (Comparisons.Holds(context, isMax ? Comparison.Greater : Comparison.Less, key, bestKey))
            {
                (best, bestKey) = (items.Current, key);
            }
        }

        return best;
    }

    private static IEnumerator<Value> Batch(RenderContext context, Value value, Value?[] arguments)
    {
        var size = arguments[0]!;
        var filling = arguments[1] is NoneValue ? null : arguments[1];
        var batch = new List<Value>();
        var items = value.Iterate(context);
        while (items.MoveNext())
        {
            context.AllocateItems(1);
            if (Comparisons.AreEqual(context, new IntegerValue(batch.Count), size))
            {
                yield return new ListValue(batch);
                batch = [];
            }

            batch.Add(items.Current);
        }

        if (batch.Count == 0)
        {
            yield break;
        }

        if (filling is not null)
        {
            var missing = (long)IntegerValue.Count(size) - batch.Count;
            context.AllocateItems(Math.Max(0, missing));
            batch.AddRange(Enumerable.Repeat(filling, (int)Math.Max(0, missing)));
        }

        yield return new ListValue(batch);
    }

    private static IEnumerator<Value> Slice(RenderContext context, Value value, Value?[] arguments)
    {
        var all = context.Collect(value);
        var slices = IntegerValue.Count(arguments[0]!);
        var filling = arguments[1] is NoneValue ? null : arguments[1];
        if (slices == 0)
        {
            throw new TemplateFault("integer division or modulo by zero");
        }

        // The first slices are one longer when it does not come out even.
        var (size, longer) = slices > 0 ? (all.Count / slices, all.Count % slices) : (0, 0);
        for (var (number, at) = (0, 0); number < slices; number++)
        {
            context.AllocateItems(1);
            var count = size + (number < longer ? 1 : 0);
            var slice = all.GetRange(at, count);
            at += count;
            if (filling is not null && number >= longer)
            {
                slice.Add(filling);
            }

            yield return new ListValue(slice);
        }
    }
}
