using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>[a, b]</c>.</summary>
internal sealed class ListExpression(int line, IReadOnlyList<Expression> items) : Expression(line)
{
    public override string Kind => "list";

    public override IEnumerable<Node> Children => items;

    protected override Value EvaluateCore(RenderContext context, Scope scope)
    {
        var values = new List<Value>(items.Count);
        foreach (var item in items)
        {
            values.Add(item.Evaluate(context, scope));
        }

        context.AllocateItems(values.Count);
        return new ListValue(values);
    }
}
