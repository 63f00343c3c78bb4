namespace XLLM.Silo.Tokenization.PreTokenization;

/// <summary>One step of cutting a text into the pieces that are encoded by themselves. Pure and thread-safe.</summary>
internal abstract class PreTokenizerStep
{
    /// <exception cref="Patterns.PatternBudgetException">A pattern backtracks without measure on this text.</exception>
    public abstract void Apply(ref PreTokenizedText text);
}
