using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Values;

/// <summary>One group of the <c>groupby</c> filter: a pair whose parts also have names.</summary>
internal sealed class GroupValue(Value key, ListValue items) : TupleValue([key, items])
{
    public override string TypeName => "_GroupTuple";

    public override Value? GetAttribute(RenderContext context, string name) => name switch
    {
        "grouper" => Items[0],
        "list" => Items[1],
        _ => base.GetAttribute(context, name),
    };
}
