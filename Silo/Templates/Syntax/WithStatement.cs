using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>{% with a = 1, b = 2 %}</c>: a scope with variables of its own.</summary>
internal sealed class WithStatement(int line, IReadOnlyList<(Expression Target, Expression Value)> variables, Body body) : Statement(line)
{
    public IReadOnlyList<(Expression Target, Expression Value)> Variables { get; } = variables;

    public Body Body { get; } = body;

    /// <summary>The body's variables; set once by <see cref="ScopeAnalyzer"/>.</summary>
    public ScopeLayout? Layout { get; set; }

    public override IEnumerable<Node> Children => [.. Variables.Select(v => v.Target), .. Variables.Select(v => v.Value), .. Body.Statements];

    protected override Flow ExecuteCore(RenderContext context, Scope scope)
    {
        var inner = Layout!.Enter(context, scope);
        foreach (var (target, value) in Variables)
        {
            Assignment.Assign(context, inner, target, value.Evaluate(context, scope));
        }

        return Body.Execute(context, inner);
    }
}
