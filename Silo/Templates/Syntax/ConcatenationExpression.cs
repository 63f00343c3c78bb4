using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>a ~ b</c>: the texts of the values, joined.</summary>
internal sealed class ConcatenationExpression(int line, IReadOnlyList<Expression> items) : Expression(line)
{
    public override string Kind => "concat";

    public override IEnumerable<Node> Children => items;

    protected override Value EvaluateCore(RenderContext context, Scope scope)
    {
        var values = new Value[items.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = items[i].Evaluate(context, scope);
        }

        // Where escaping is on, markup among the operands makes the result markup and the others escaped.
        var isMarkup = context.AutoEscape && values.Any(value => value is TextValue { IsMarkup: true });
        var result = new TextBuilder(context);
        foreach (var value in values)
        {
            result.Append(isMarkup ? Markup.Escape(context, value) : context.Text(value));
        }

        return new TextValue(result.ToString(), isMarkup);
    }
}
