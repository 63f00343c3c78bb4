using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Values;

/// <summary>A list.</summary>
internal sealed class ListValue(IReadOnlyList<Value> items) : SequenceValue(items)
{
    public override string TypeName => "list";

    public override bool IsHashable => false;

    public override Value Like(IReadOnlyList<Value> items) => new ListValue(items);

    public override Value? GetAttribute(RenderContext context, string name) => name switch
    {
        "append" when context.Limits.ListsMayChange => new FunctionValue("list.append", (c, a) => Append(c, a.BindPositional("append", 1, 1)[0]!)),
        "pop" when context.Limits.ListsMayChange => new FunctionValue("list.pop", (c, a) => Pop(c, a.BindPositional("pop", 0, 1)[0])),
        "append" or "clear" or "extend" or "insert" or "pop" or "remove" or "reverse" or "sort" => UndefinedValue.Unsafe(this, name),
        "copy" => new FunctionValue("list.copy", (_, a) =>
        {
            a.BindPositional("copy", 0, 0);
            return new ListValue(Items);
        }),
        _ => base.GetAttribute(context, name),
    };

    public override void WriteRepresentation(TextBuilder builder)
    {
        builder.Append('[');
        WriteItems(builder);
        builder.Append(']');
    }

    /// <summary>A change is a new array: loops that walk the list go on over what it was.</summary>
    private NoneValue Append(RenderContext context, Value item)
    {
        context.AllocateItems(Items.Count + 1);
        Items = [.. Items, item];
        return NoneValue.Instance;
    }

    private Value Pop(RenderContext context, Value? place)
    {
        var index = place is null ? new System.Numerics.BigInteger(-1)
            : IntegerValue.TryGet(place, out var given) ? given
            : throw new TemplateFault($"'{place.TypeName}' object cannot be interpreted as an integer");
        index = index.Sign < 0 ? index + Items.Count : index;
        if (index.Sign < 0 || index >= Items.Count)
        {
            throw new TemplateFault(Items.Count == 0 ? "pop from empty list" : "pop index out of range");
        }

        var item = Items[(int)index];
        context.AllocateItems(Items.Count);
        Items = [.. Items.Take((int)index), .. Items.Skip((int)index + 1)];
        return item;
    }
}
