using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>-x</c>, <c>+x</c>.</summary>
internal sealed class UnaryExpression(int line, bool isNegative, Expression operand) : Expression(line)
{
    public override string Kind => isNegative ? "neg" : "pos";

    public override IEnumerable<Node> Children => [operand];

    protected override Value EvaluateCore(RenderContext context, Scope scope) => Arithmetic.Sign(operand.Evaluate(context, scope), isNegative);
}
