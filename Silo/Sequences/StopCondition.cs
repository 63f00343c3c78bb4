namespace XLLM.Silo.Sequences;

/// <summary>When tokens end a sequence. Pure; what ends it by its text is <see cref="StopStrings"/>.</summary>
/// <param name="endTokens">The model's end tokens; empty to go on past them.</param>
/// <param name="stopTokens">Further tokens on which to end.</param>
/// <param name="minTokens">Tokens that must be generated before one of either kind ends it.</param>
/// <param name="maxTokens">Most generated tokens, at least 1.</param>
internal sealed class StopCondition(IEnumerable<int> endTokens, IEnumerable<int> stopTokens, int minTokens, int maxTokens)
{
    private readonly HashSet<int> _endTokens = [.. endTokens];
    private readonly HashSet<int> _stopTokens = [.. stopTokens];

    /// <summary>Judges a token.</summary>
    /// <param name="token">The token.</param>
    /// <param name="generatedTokens">Generated tokens with it, at least 1.</param>
    public StopVerdict Judge(int token, int generatedTokens)
    {
        if (generatedTokens > minTokens)
        {
            if (_endTokens.Contains(token))
            {
                return StopVerdict.EndToken;
            }

            if (_stopTokens.Contains(token))
            {
                return StopVerdict.StopToken;
            }
        }

        return generatedTokens >= maxTokens ? StopVerdict.Length : StopVerdict.GoOn;
    }
}
