using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Library;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>x is name(arguments)</c>.</summary>
internal sealed class TestExpression(int line, Expression target, string name, CallArguments arguments) : Expression(line)
{
    public string Name { get; } = name;

    public override string Kind => "test";

    public override IEnumerable<Node> Children => [target, .. arguments.Children];

    protected override Value EvaluateCore(RenderContext context, Scope scope)
    {
        var input = target.Evaluate(context, scope);
        return BooleanValue.Of(TestLibrary.Find(Name)(context, input, arguments.Evaluate(context, scope)));
    }
}
