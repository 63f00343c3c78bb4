namespace XLLM.Grains.Interfaces.Replicas;

/// <summary>What the duration of a step depends on, counted. Pure.</summary>
/// <param name="Rows">Tokens that the step computes, over all sequences.</param>
/// <param name="Sequences">Sequences that it computes them for.</param>
/// <param name="ContextTokens">Keys and values that it reads: the sum over sequences of their length after the step.</param>
/// <param name="AttendedTokens">Pairs of a row and a token that it attends to: the sum over rows of position + 1.</param>
public readonly record struct StepShape(long Rows, long Sequences, long ContextTokens, long AttendedTokens)
{
    /// <summary>This step with a grant more.</summary>
    /// <param name="start">Position of the grant's first token.</param>
    /// <param name="tokens">Its tokens, at least 1.</param>
    public StepShape With(int start, int tokens) =>
        new(Rows + tokens, Sequences + 1, ContextTokens + start + tokens, AttendedTokens + Attended(start, start + tokens));

    /// <summary>Pairs of a row and a token that it attends to, for the rows of positions <paramref name="start"/> up to, not including, <paramref name="end"/>.</summary>
    public static long Attended(long start, long end) => ((end * (end + 1)) - (start * (start + 1))) / 2;
}
