using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>x[start:stop:step]</c>.</summary>
internal sealed class SliceExpression(int line, Expression target, Expression? start, Expression? stop, Expression? step) : Expression(line)
{
    public override string Kind => "getitem";

    public override IEnumerable<Node> Children => new Node?[] { target, start, stop, step }.OfType<Node>();

    protected override Value EvaluateCore(RenderContext context, Scope scope)
    {
        var value = target.Evaluate(context, scope);
        return value.Slice(context, new Slice(start?.Evaluate(context, scope), stop?.Evaluate(context, scope), step?.Evaluate(context, scope)));
    }
}
