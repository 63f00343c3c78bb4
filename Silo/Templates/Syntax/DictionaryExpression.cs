using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>{key: value}</c>; a later equal key replaces the value and keeps the place.</summary>
internal sealed class DictionaryExpression(int line, IReadOnlyList<(Expression Key, Expression Value)> items) : Expression(line)
{
    public override string Kind => "dict";

    public override IEnumerable<Node> Children => items.SelectMany(item => new[] { item.Key, item.Value });

    protected override Value EvaluateCore(RenderContext context, Scope scope)
    {
        var result = new DictionaryValue(context);
        foreach (var (key, value) in items)
        {
            result.Set(key.Evaluate(context, scope), value.Evaluate(context, scope));
        }

        context.AllocateItems(items.Count * 2);
        return result;
    }
}
