using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>then if test else otherwise</c>; without <c>else</c> it is undefined when the test fails.</summary>
internal sealed class ConditionalExpression(int line, Expression test, Expression then, Expression? otherwise) : Expression(line)
{
    public override string Kind => "condexpr";

    public override IEnumerable<Node> Children => otherwise is null ? [test, then] : [test, then, otherwise];

    protected override Value EvaluateCore(RenderContext context, Scope scope)
    {
        if (test.Evaluate(context, scope).IsTrue)
        {
            return then.Evaluate(context, scope);
        }

        return otherwise?.Evaluate(context, scope)
            ?? UndefinedValue.Because($"the inline if-expression on line {Line} evaluated to false and no else section was defined.");
    }
}
