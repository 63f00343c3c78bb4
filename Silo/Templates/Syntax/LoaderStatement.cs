using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>extends</c>, <c>include</c>, <c>import</c>, <c>from</c>: a chat template stands alone, so they fail when they are reached, as without a loader in Jinja2.</summary>
internal sealed class LoaderStatement(int line, string tag, Expression template, IReadOnlyList<string> names) : Statement(line)
{
    /// <summary>The names that an import would set.</summary>
    public IReadOnlyList<string> Names { get; } = names;

    public override IEnumerable<Node> Children => [template];

    protected override Flow ExecuteCore(RenderContext context, Scope scope)
    {
        template.Evaluate(context, scope);
        throw new TemplateFault($"{tag}: no loader for this environment specified; a chat template cannot use another file");
    }
}
