using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>{% print a, b %}</c>.</summary>
internal sealed class PrintManyStatement(int line, IReadOnlyList<Expression> values) : Statement(line)
{
    public override IEnumerable<Node> Children => values;

    protected override Flow ExecuteCore(RenderContext context, Scope scope)
    {
        foreach (var value in values)
        {
            context.Print(value.Evaluate(context, scope));
        }

        return Flow.Normal;
    }
}
