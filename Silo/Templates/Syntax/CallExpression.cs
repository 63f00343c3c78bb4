using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>f(x, key=y)</c>.</summary>
internal sealed class CallExpression(int line, Expression function, CallArguments arguments) : Expression(line)
{
    public override string Kind => "call";

    public override IEnumerable<Node> Children => [function, .. arguments.Children];

    /// <summary>Calls with one more keyword, <c>caller</c>.</summary>
    public Value EvaluateWithCaller(RenderContext context, Scope scope, Value caller)
    {
        var target = function.Evaluate(context, scope);
        return target.Call(context, arguments.Evaluate(context, scope).With("caller", caller));
    }

    protected override Value EvaluateCore(RenderContext context, Scope scope)
    {
        var target = function.Evaluate(context, scope);
        return target.Call(context, arguments.Evaluate(context, scope));
    }
}
