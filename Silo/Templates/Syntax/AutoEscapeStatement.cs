using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>{% autoescape true %}</c>: HTML escaping inside its body. Chat templates are rendered with it off.</summary>
internal sealed class AutoEscapeStatement(int line, Expression value, Body body) : Statement(line)
{
    public Expression Value { get; } = value;

    public Body Body { get; } = body;

    /// <summary>The body's variables; set once by <see cref="ScopeAnalyzer"/>.</summary>
    public ScopeLayout? Layout { get; set; }

    public override IEnumerable<Node> Children => [Value, .. Body.Statements];

    protected override Flow ExecuteCore(RenderContext context, Scope scope)
    {
        var inner = Layout!.Enter(context, scope);
        var outer = context.AutoEscape;
        context.AutoEscape = Value.Evaluate(context, inner).IsTrue;
        try
        {
            return Body.Execute(context, inner);
        }
        finally
        {
            context.AutoEscape = outer;
        }
    }
}
