using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>{% if %}</c>, its <c>elif</c> branches and its <c>else</c>. It opens no scope.</summary>
internal sealed class IfStatement(int line, Expression test, Body body, IReadOnlyList<IfStatement> elseIfs, Body otherwise) : Statement(line)
{
    public Expression Test { get; } = test;

    public Body Body { get; } = body;

    public IReadOnlyList<IfStatement> ElseIfs { get; } = elseIfs;

    public Body Otherwise { get; } = otherwise;

    public override IEnumerable<Node> Children => [Test, .. Body.Statements, .. ElseIfs, .. Otherwise.Statements];

    protected override Flow ExecuteCore(RenderContext context, Scope scope)
    {
        if (Test.Evaluate(context, scope).IsTrue)
        {
            return Body.Execute(context, scope);
        }

        foreach (var branch in ElseIfs)
        {
            context.Line = branch.Line;
            if (branch.Test.Evaluate(context, scope).IsTrue)
            {
                return branch.Body.Execute(context, scope);
            }
        }

        return Otherwise.Execute(context, scope);
    }
}
