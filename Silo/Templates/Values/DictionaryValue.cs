using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Values;

/// <summary>A dict: keys in the order in which they came.</summary>
internal sealed class DictionaryValue(RenderContext context) : Value
{
    private readonly OrderedDictionary<Value, Value> _items = new(context.Comparer);

    public IReadOnlyDictionary<Value, Value> Items => _items;

    public override string TypeName => "dict";

    public override bool IsTrue => _items.Count > 0;

    public override bool IsIterable => true;

    public override bool IsReversible => true;

    public override bool HasItems => true;

    public override bool IsHashable => false;

    /// <summary>Adds an item while the dict is being built; an equal key keeps its place.</summary>
    public void Set(Value key, Value value) => _items[Hashable(key)] = value;

    public Value? Find(Value key) => _items.TryGetValue(Hashable(key), out var value) ? value : null;

    public override bool TryGetLength(out int length)
    {
        length = _items.Count;
        return true;
    }

    public override IEnumerator<Value> Iterate(RenderContext context) => _items.Keys.GetEnumerator();

    public override IEnumerator<Value> IterateReversed(RenderContext context) => _items.Keys.Reverse().GetEnumerator();

    public override Value? GetItem(RenderContext context, Value key) => key.IsHashable && _items.TryGetValue(key, out var value) ? value : null;

    public override Value Slice(RenderContext context, Slice slice) => throw new TemplateFault("unhashable type: 'slice'");

    public override bool Contains(RenderContext context, Value item) => _items.ContainsKey(Hashable(item));

    public override Value? GetAttribute(RenderContext context, string name) => name switch
    {
        "items" => View(DictionaryView.Items, name),
        "keys" => View(DictionaryView.Keys, name),
        "values" => View(DictionaryView.Values, name),
        "get" => new FunctionValue("dict.get", (_, a) => Get(a.BindPositional("get", 1, 2))),
        "copy" => new FunctionValue("dict.copy", (_, a) => Copy(a)),
        "fromkeys" => new FunctionValue("dict.fromkeys", FromKeys),
        "clear" or "pop" or "popitem" or "setdefault" or "update" => UndefinedValue.Unsafe(this, name),
        _ => null,
    };

    /// <summary>Python's <c>dict.fromkeys</c>.</summary>
    public static DictionaryValue FromKeys(RenderContext context, Arguments arguments)
    {
        var bound = arguments.BindPositional("fromkeys", 1, 2);
        var result = new DictionaryValue(context);
        foreach (var key in context.Collect(bound[0]!))
        {
            result.Set(key, bound[1] ?? NoneValue.Instance);
        }

        return result;
    }

    public override void WriteRepresentation(TextBuilder builder)
    {
        builder.Append('{');
        var isFirst = true;
        foreach (var (key, value) in _items)
        {
            builder.Context.Step();
            builder.Append(isFirst ? "" : ", ");
            isFirst = false;
            key.WriteRepresentation(builder);
            builder.Append(": ");
            value.WriteRepresentation(builder);
        }

        builder.Append('}');
    }

    private static Value Hashable(Value key) => key.IsHashable ? key : throw new TemplateFault($"unhashable type: '{key.TypeName}'");

    private FunctionValue View(DictionaryView view, string name) => new($"dict.{name}", (_, a) =>
    {
        a.BindPositional(name, 0, 0);
        return new DictionaryViewValue(this, view);
    });

    private Value Get(Value?[] arguments) => Find(arguments[0]!) ?? arguments[1] ?? NoneValue.Instance;

    private DictionaryValue Copy(Arguments arguments)
    {
        // What never changes need not be copied.
        arguments.BindPositional("copy", 0, 0);
        return this;
    }
}
