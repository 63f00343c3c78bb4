using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>{% set target = value %}</c>.</summary>
internal sealed class SetStatement(int line, Expression target, Expression value) : Statement(line)
{
    public Expression Target { get; } = target;

    public Expression Value { get; } = value;

    /// <summary>The names that blocks may see; set once by <see cref="ScopeAnalyzer"/>.</summary>
    public IReadOnlyList<NameExpression> Exports { get; set; } = [];

    public override IEnumerable<Node> Children => [Target, Value];

    protected override Flow ExecuteCore(RenderContext context, Scope scope)
    {
        Assignment.CheckTarget(Target, scope);
        Assignment.Assign(context, scope, Target, Value.Evaluate(context, scope));
        context.Export(Exports, scope);
        return Flow.Normal;
    }
}
