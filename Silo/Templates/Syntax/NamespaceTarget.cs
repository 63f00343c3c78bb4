using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary>An attribute of a namespace as the target of an assignment: <c>{% set ns.count = 1 %}</c>.</summary>
internal sealed class NamespaceTarget(int line, string name, string attribute) : Expression(line)
{
    public string Name { get; } = name;

    public string Attribute { get; } = attribute;

    /// <summary>Where the namespace's variable lives; set once by <see cref="ScopeAnalyzer"/>.</summary>
    public VariablePlace Place { get; set; }

    public override string Kind => "nsref";

    public override bool CanAssign => true;

    public NamespaceValue Namespace(Scope scope) =>
        Place.Read(scope) as NamespaceValue ?? throw new TemplateFault("cannot assign attribute on non-namespace object");

    protected override Value EvaluateCore(RenderContext context, Scope scope) => throw new InvalidOperationException("A namespace target is only assigned to.");
}
