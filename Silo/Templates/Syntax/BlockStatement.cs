using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>{% block name %}</c>. Without inheritance it renders in place, seeing only what the template set at its top level.</summary>
internal sealed class BlockStatement(int line, string name, bool isScoped, bool isRequired, Body body) : Statement(line)
{
    public string Name { get; } = name;

    public bool IsScoped { get; } = isScoped;

    public Body Body { get; } = body;

    /// <summary>The body's variables; set once by <see cref="ScopeAnalyzer"/>, as the next.</summary>
    public ScopeLayout? Layout { get; set; }

    /// <summary>The variables around a scoped block, innermost first.</summary>
    public IReadOnlyList<(string Name, VariablePlace Place)> Visible { get; set; } = [];

    public override IEnumerable<Node> Children => Body.Statements;

    protected override Flow ExecuteCore(RenderContext context, Scope scope)
    {
        if (isRequired)
        {
            throw new TemplateFault($"Required block '{Name}' not found");
        }

        using (context.Overlay(IsScoped ? Visible : [], scope))
        {
            return Body.Execute(context, Layout!.Enter(context, null));
        }
    }
}
