using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>{% set target | filter %}...{% endset %}</c>: the target becomes what the body renders.</summary>
internal sealed class SetBlockStatement(int line, Expression target, FilterExpression? filter, Body body) : Statement(line)
{
    public Expression Target { get; } = target;

    public FilterExpression? Filter { get; } = filter;

    public Body Body { get; } = body;

    /// <summary>The body's variables; set once by <see cref="ScopeAnalyzer"/>, as the next.</summary>
    public ScopeLayout? Layout { get; set; }

    public IReadOnlyList<NameExpression> Exports { get; set; } = [];

    public override IEnumerable<Node> Children => [Target, .. Filter is null ? [] : new[] { Filter }, .. Body.Statements];

    protected override Flow ExecuteCore(RenderContext context, Scope scope)
    {
        var inner = Layout!.Enter(context, scope);
        var flow = Body.Capture(context, inner, out var text);
        if (flow != Flow.Normal)
        {
            return flow;
        }

        Value value = new TextValue(text, context.AutoEscape);
        if (Filter is not null)
        {
            value = Filter.Apply(context, inner, value);
            value = context.AutoEscape ? new TextValue(context.Text(value), true) : value;
        }

        Assignment.CheckTarget(Target, scope);
        Assignment.Assign(context, scope, Target, value);
        context.Export(Exports, scope);
        return Flow.Normal;
    }
}
