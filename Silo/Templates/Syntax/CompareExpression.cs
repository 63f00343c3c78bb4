using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary>A chain of comparisons: <c>a &lt; b &lt;= c</c>, <c>x in y</c>. Each operand is evaluated once, and none behind a failing link.</summary>
internal sealed class CompareExpression(int line, Expression first, IReadOnlyList<(Comparison Comparison, Expression Operand)> links) : Expression(line)
{
    public override string Kind => "compare";

    public override IEnumerable<Node> Children => [first, .. links.Select(link => link.Operand)];

    protected override Value EvaluateCore(RenderContext context, Scope scope)
    {
        var left = first.Evaluate(context, scope);
        foreach (var (comparison, operand) in links)
        {
            var right = operand.Evaluate(context, scope);
            if (!Comparisons.Holds(context, comparison, left, right))
            {
                return BooleanValue.False;
            }

            left = right;
        }

        return BooleanValue.True;
    }
}
