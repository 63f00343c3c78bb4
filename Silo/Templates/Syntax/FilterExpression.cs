using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Library;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>x | name(arguments)</c>.</summary>
/// <param name="target">What is filtered; null for the text of a filter block or of a set block.</param>
internal sealed class FilterExpression(int line, Expression? target, string name, CallArguments arguments) : Expression(line)
{
    public string Name { get; } = name;

    public override string Kind => "filter";

    public override IEnumerable<Node> Children => target is null ? arguments.Children : [target, .. arguments.Children];

    /// <summary>Filters the text of a block; in a chain of filters the innermost gets it.</summary>
    public Value Apply(RenderContext context, Scope scope, Value text)
    {
        context.Step();
        var input = target is null ? text : ((FilterExpression)target).Apply(context, scope, text);
        return FilterLibrary.Find(Name)(context, input, arguments.Evaluate(context, scope));
    }

    protected override Value EvaluateCore(RenderContext context, Scope scope)
    {
        var input = target!.Evaluate(context, scope);
        return FilterLibrary.Find(Name)(context, input, arguments.Evaluate(context, scope));
    }
}
