using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Syntax;

/// <summary>Text outside of tags.</summary>
internal sealed class DataStatement(int line, string text) : Statement(line)
{
    public string Text { get; } = text;

    protected override Flow ExecuteCore(RenderContext context, Scope scope)
    {
        context.Output.Append(Text);
        return Flow.Normal;
    }
}
