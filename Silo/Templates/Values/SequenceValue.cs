using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Values;

/// <summary>A list or a tuple.</summary>
internal abstract class SequenceValue(IReadOnlyList<Value> items) : Value
{
    public IReadOnlyList<Value> Items { get; protected set; } = items;

    public override bool IsTrue => Items.Count > 0;

    public override bool IsIterable => true;

    public override bool IsReversible => true;

    public override bool HasItems => true;

    public override bool TryGetLength(out int length)
    {
        length = Items.Count;
        return true;
    }

    public override IEnumerator<Value> Iterate(RenderContext context) => Items.GetEnumerator();

    public override IEnumerator<Value> IterateReversed(RenderContext context)
    {
        var items = Items;      // a list that changes meanwhile is walked as it was
        for (var i = items.Count - 1; i >= 0; i--)
        {
            yield return items[i];
        }
    }

    public override Value? GetItem(RenderContext context, Value key)
    {
        if (!IntegerValue.TryGet(key, out var index))
        {
            return null;
        }

        index = index.Sign < 0 ? index + Items.Count : index;
        return index.Sign >= 0 && index < Items.Count ? Items[(int)index] : null;
    }

    public override Value Slice(RenderContext context, Slice slice)
    {
        var (start, step, count) = slice.Resolve(Items.Count);
        context.AllocateItems(count);
        var result = new List<Value>(count);
        for (long i = 0, at = start; i < count; i++, at += step)
        {
            result.Add(Items[(int)at]);
        }

        return Like(result);
    }

    public override Value? GetAttribute(RenderContext context, string name) => name switch
    {
        "count" => new FunctionValue($"{TypeName}.count", (c, a) => Count(c, a.BindPositional("count", 1, 1)[0]!)),
        "index" => new FunctionValue($"{TypeName}.index", (c, a) => Index(c, a.BindPositional("index", 1, 3))),
        _ => null,
    };

    /// <summary>A sequence of the same type.</summary>
    public abstract Value Like(IReadOnlyList<Value> items);

    protected void WriteItems(TextBuilder builder)
    {
        for (var i = 0; i < Items.Count; i++)
        {
            if (i > 0)
            {
                builder.Append(", ");
            }

            builder.Context.Step();
            Items[i].WriteRepresentation(builder);
        }
    }

    private IntegerValue Count(RenderContext context, Value item) => new(Items.Count(other => Comparisons.AreEqual(context, other, item)));

    private IntegerValue Index(RenderContext context, Value?[] arguments)
    {
        var (start, _, count) = new Slice(arguments[1], arguments[2], null).Resolve(Items.Count);
        for (var i = start; i < start + count; i++)
        {
            if (Comparisons.AreEqual(context, Items[i], arguments[0]!))
            {
                return new IntegerValue(i);
            }
        }

        throw new TemplateFault($"{context.Represent(arguments[0]!)} is not in {TypeName}");
    }
}
