using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Syntax;

/// <summary>A node that writes, assigns or decides.</summary>
internal abstract class Statement(int line) : Node(line)
{
    /// <summary>Runs it; takes one step.</summary>
    public Flow Execute(RenderContext context, Scope scope)
    {
        context.Step();
        context.Line = Line;
        return ExecuteCore(context, scope);
    }

    protected abstract Flow ExecuteCore(RenderContext context, Scope scope);
}
