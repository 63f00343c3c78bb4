using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Values;

/// <summary>A tuple.</summary>
internal class TupleValue(IReadOnlyList<Value> items) : SequenceValue(items)
{
    public override string TypeName => "tuple";

    // Found once: tuples inside tuples, asked again at every level, would take exponential time.
    public override bool IsHashable { get; } = items.All(item => item.IsHashable);

    public override Value Like(IReadOnlyList<Value> items) => new TupleValue(items);

    public override void WriteRepresentation(TextBuilder builder)
    {
        builder.Append('(');
        WriteItems(builder);
        builder.Append(Items.Count == 1 ? ",)" : ")");
    }
}
