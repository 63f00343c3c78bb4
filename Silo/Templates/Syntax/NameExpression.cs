using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary>A variable, read or set.</summary>
internal sealed class NameExpression(int line, string name, NameUse use = NameUse.Load) : Expression(line)
{
    public string Name { get; } = name;

    public NameUse Use { get; set; } = use;

    /// <summary>Where the variable lives; set once by <see cref="ScopeAnalyzer"/>.</summary>
    public VariablePlace Place { get; set; }

    public override string Kind => "name";

    public override bool CanAssign => true;

    protected override Value EvaluateCore(RenderContext context, Scope scope) => Place.Read(scope) ?? new UndefinedValue(Name);
}
