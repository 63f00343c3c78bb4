using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>x.name</c>: the attribute, else the item of that name, else undefined.</summary>
internal sealed class AttributeExpression(int line, Expression target, string name) : Expression(line)
{
    public override string Kind => "getattr";

    public override IEnumerable<Node> Children => [target];

    protected override Value EvaluateCore(RenderContext context, Scope scope) => Access.Attribute(context, target.Evaluate(context, scope), name);
}
