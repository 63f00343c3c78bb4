using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary>A literal.</summary>
internal sealed class ConstantExpression(int line, Value value) : Expression(line)
{
    public override string Kind => "const";

    protected override Value EvaluateCore(RenderContext context, Scope scope) => value;
}
