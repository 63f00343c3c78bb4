using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>x[key]</c>: the item, else for a text key the attribute of that name, else undefined.</summary>
internal sealed class ItemExpression(int line, Expression target, Expression key) : Expression(line)
{
    public override string Kind => "getitem";

    public override IEnumerable<Node> Children => [target, key];

    protected override Value EvaluateCore(RenderContext context, Scope scope) =>
        Access.Item(context, target.Evaluate(context, scope), key.Evaluate(context, scope));
}
