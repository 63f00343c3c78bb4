using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary>Arithmetic between two values.</summary>
internal sealed class BinaryExpression(int line, TokenKind operation, Expression left, Expression right) : Expression(line)
{
    public override string Kind => operation.ToString();

    public override IEnumerable<Node> Children => [left, right];

    protected override Value EvaluateCore(RenderContext context, Scope scope)
    {
        var first = left.Evaluate(context, scope);
        var second = right.Evaluate(context, scope);
        return operation switch
        {
            TokenKind.Add => Arithmetic.Add(context, first, second),
            TokenKind.Subtract => Arithmetic.Subtract(context, first, second),
            TokenKind.Multiply => Arithmetic.Multiply(context, first, second),
            TokenKind.Divide => Arithmetic.Divide(first, second),
            TokenKind.FloorDivide => Arithmetic.FloorDivide(context, first, second),
            TokenKind.Modulo => Arithmetic.Modulo(context, first, second),
            TokenKind.Power => Arithmetic.Power(context, first, second),
            _ => throw new InvalidOperationException($"{operation} is no arithmetic."),
        };
    }
}
