using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>{% call(parameters) macro(arguments) %}</c>: calls with the body as <c>caller</c>.</summary>
internal sealed class CallBlockStatement(int line, CallExpression call, MacroSignature signature) : Statement(line)
{
    public CallExpression Call { get; } = call;

    public MacroSignature Signature { get; } = signature;

    public override IEnumerable<Node> Children => [Call, .. Signature.Parameters, .. Signature.Defaults, .. Signature.Body.Statements];

    protected override Flow ExecuteCore(RenderContext context, Scope scope)
    {
        context.Print(Call.EvaluateWithCaller(context, scope, new MacroValue(null, Signature, scope)));
        return Flow.Normal;
    }
}
