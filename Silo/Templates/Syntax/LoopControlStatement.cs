using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>{% break %}</c> and <c>{% continue %}</c>.</summary>
internal sealed class LoopControlStatement(int line, Flow flow) : Statement(line)
{
    public Flow Flow { get; } = flow;

    protected override Flow ExecuteCore(RenderContext context, Scope scope) => Flow;
}
