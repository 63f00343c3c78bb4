using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>not x</c>.</summary>
internal sealed class NotExpression(int line, Expression operand) : Expression(line)
{
    public override string Kind => "not";

    public override IEnumerable<Node> Children => [operand];

    protected override Value EvaluateCore(RenderContext context, Scope scope) => BooleanValue.Of(!operand.Evaluate(context, scope).IsTrue);
}
