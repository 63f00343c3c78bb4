namespace XLLM.Silo.Templates.Evaluation;

/// <summary>Where the analysis stands.</summary>
/// <param name="Symbols">The scope's names.</param>
/// <param name="IsTopLevel">Whether what is set here is what blocks see.</param>
/// <param name="IsSoft">Directly inside an <c>if</c>, where an unknown filter or test is an error only when it is reached.</param>
/// <param name="IsInLoop">Whether a loop can be left from here.</param>
internal sealed record AnalysisFrame(SymbolScope Symbols, bool IsTopLevel, bool IsSoft, bool IsInLoop)
{
    public AnalysisFrame Soft() => this with { IsSoft = true };

    public AnalysisFrame Inner(SymbolScope symbols, bool? isInLoop = null) => new(symbols, false, false, isInLoop ?? IsInLoop);
}
