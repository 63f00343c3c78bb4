using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>and</c>, <c>or</c>: the deciding operand itself, the other not evaluated without need.</summary>
internal sealed class LogicExpression(int line, bool isAnd, Expression left, Expression right) : Expression(line)
{
    public override string Kind => isAnd ? "and" : "or";

    public override IEnumerable<Node> Children => [left, right];

    protected override Value EvaluateCore(RenderContext context, Scope scope)
    {
        var value = left.Evaluate(context, scope);
        return value.IsTrue == isAnd ? right.Evaluate(context, scope) : value;
    }
}
