using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>{% generation %}</c>, with which templates mark what an assistant wrote. It renders its body, in a scope of its own as the caller of a call block has.</summary>
internal sealed class GenerationStatement(int line, MacroSignature signature) : Statement(line)
{
    public MacroSignature Signature { get; } = signature;

    public override IEnumerable<Node> Children => Signature.Body.Statements;

    protected override Flow ExecuteCore(RenderContext context, Scope scope)
    {
        context.Print(new MacroValue(null, Signature, scope).Call(context, Arguments.None));
        return Flow.Normal;
    }
}
