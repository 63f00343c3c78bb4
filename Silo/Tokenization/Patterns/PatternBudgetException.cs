namespace XLLM.Silo.Tokenization.Patterns;

/// <summary>A pattern took more steps on a text than the budget allows: it backtracks without measure.</summary>
internal sealed class PatternBudgetException(long budget, int length)
    : Exception($"the search took more than {budget} steps on a text of {length} UTF-16 units");
