using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Syntax;

/// <summary>The parameters and body of a macro or of a call block, with what the body reads beside them.</summary>
/// <param name="Parameters">Names with <see cref="NameUse.Parameter"/>.</param>
/// <param name="Defaults">Defaults of the last parameters.</param>
/// <param name="Body">What a call renders.</param>
internal sealed record MacroSignature(IReadOnlyList<NameExpression> Parameters, IReadOnlyList<Expression> Defaults, Body Body)
{
    /// <summary>The variables of a call; set once by <see cref="ScopeAnalyzer"/>, as the next three.</summary>
    public ScopeLayout? Layout { get; set; }

    /// <summary>Where the body finds <c>caller</c>, or -1.</summary>
    public int CallerSlot { get; set; } = -1;

    /// <summary>Where the body finds the keywords that no parameter took, or -1.</summary>
    public int KeywordsSlot { get; set; } = -1;

    /// <summary>Where the body finds the positional arguments that no parameter took, or -1.</summary>
    public int PositionalSlot { get; set; } = -1;

    public bool HasExplicitCaller => Parameters.Any(parameter => parameter.Name == "caller");

    public Expression? Default(int parameter)
    {
        var index = parameter - (Parameters.Count - Defaults.Count);
        return index < 0 ? null : Defaults[index];
    }
}
