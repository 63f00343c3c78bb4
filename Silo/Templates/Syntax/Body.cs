using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Syntax;

/// <summary>Statements in order.</summary>
internal sealed class Body(IReadOnlyList<Statement> statements)
{
    public IReadOnlyList<Statement> Statements { get; } = statements;

    public static Body Empty { get; } = new([]);

    /// <summary>Runs them until one breaks or continues a loop.</summary>
    public Flow Execute(RenderContext context, Scope scope)
    {
        foreach (var statement in Statements)
        {
            var flow = statement.Execute(context, scope);
            if (flow != Flow.Normal)
            {
                return flow;
            }
        }

        return Flow.Normal;
    }

    /// <summary>Runs them into a text of its own.</summary>
    public Flow Capture(RenderContext context, Scope scope, out string text)
    {
        var outer = context.Output;
        context.Output = new TextBuilder(context);
        try
        {
            var flow = Execute(context, scope);
            text = context.Output.ToString();
            return flow;
        }
        finally
        {
            context.Output = outer;
        }
    }
}
