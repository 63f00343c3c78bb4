using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary>A node with a value.</summary>
internal abstract class Expression(int line) : Node(line)
{
    /// <summary>What the node is called when something is assigned to it in vain.</summary>
    public virtual string Kind => GetType().Name;

    /// <summary>Whether it may stand left of an assignment.</summary>
    public virtual bool CanAssign => false;

    /// <summary>The value; takes one step.</summary>
    /// <exception cref="TemplateFault">The operation does not exist for its operands, or a bound was exceeded.</exception>
    public Value Evaluate(RenderContext context, Scope scope)
    {
        context.Step();
        return EvaluateCore(context, scope);
    }

    protected abstract Value EvaluateCore(RenderContext context, Scope scope);
}
