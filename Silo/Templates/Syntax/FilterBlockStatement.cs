using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>{% filter name %}</c>: filters what its body renders.</summary>
internal sealed class FilterBlockStatement(int line, Body body, FilterExpression filter) : Statement(line)
{
    public Body Body { get; } = body;

    public FilterExpression Filter { get; } = filter;

    /// <summary>The body's variables; set once by <see cref="ScopeAnalyzer"/>.</summary>
    public ScopeLayout? Layout { get; set; }

    public override IEnumerable<Node> Children => [.. Body.Statements, Filter];

    protected override Flow ExecuteCore(RenderContext context, Scope scope)
    {
        var inner = Layout!.Enter(context, scope);
        var flow = Body.Capture(context, inner, out var text);
        if (flow == Flow.Normal)
        {
            context.Print(Filter.Apply(context, inner, new TextValue(text, context.AutoEscape)));
        }

        return flow;
    }
}
