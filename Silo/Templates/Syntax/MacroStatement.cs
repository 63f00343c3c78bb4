using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>{% macro name(parameters) %}</c>.</summary>
internal sealed class MacroStatement(int line, string name, MacroSignature signature) : Statement(line)
{
    public string Name { get; } = name;

    public MacroSignature Signature { get; } = signature;

    /// <summary>Where the macro is kept; set once by <see cref="ScopeAnalyzer"/>.</summary>
    public VariablePlace Place { get; set; }

    /// <summary>Whether blocks may see it.</summary>
    public bool IsTopLevel { get; set; }

    public override IEnumerable<Node> Children => [.. Signature.Parameters, .. Signature.Defaults, .. Signature.Body.Statements];

    protected override Flow ExecuteCore(RenderContext context, Scope scope)
    {
        var macro = new MacroValue(Name, Signature, scope);
        Place.Write(scope, macro);
        if (IsTopLevel)
        {
            context.Export(Name, macro);
        }

        return Flow.Normal;
    }
}
