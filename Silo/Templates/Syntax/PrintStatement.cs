using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>{{ x }}</c>.</summary>
internal sealed class PrintStatement(int line, Expression value) : Statement(line)
{
    public override IEnumerable<Node> Children => [value];

    protected override Flow ExecuteCore(RenderContext context, Scope scope)
    {
        context.Print(value.Evaluate(context, scope));
        return Flow.Normal;
    }
}
