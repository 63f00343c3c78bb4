using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>(a, b)</c>: a value, or the target of an unpacking.</summary>
internal sealed class TupleExpression(int line, IReadOnlyList<Expression> items) : Expression(line)
{
    public IReadOnlyList<Expression> Items { get; } = items;

    public override string Kind => "tuple";

    public override bool CanAssign => Items.All(item => item.CanAssign);

    public override IEnumerable<Node> Children => Items;

    protected override Value EvaluateCore(RenderContext context, Scope scope)
    {
        var values = new List<Value>(Items.Count);
        foreach (var item in Items)
        {
            values.Add(item.Evaluate(context, scope));
        }

        context.AllocateItems(values.Count);
        return new TupleValue(values);
    }
}
