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
}
