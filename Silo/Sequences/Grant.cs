namespace XLLM.Silo.Sequences;

/// <summary>Pending tokens that a sequence may compute in one step; its KV blocks are there. Made by <see cref="Sequences.Sequence.Grant"/>.</summary>
/// <param name="Sequence">Whose tokens.</param>
/// <param name="Start">Position of the first of them.</param>
/// <param name="Tokens">How many, at least 1.</param>
/// <param name="DrawsToken">They are all that is pending, so the step draws the token that follows.</param>
/// <param name="Run">Value of <see cref="Sequences.Sequence.Run"/> when it was granted.</param>
internal readonly record struct Grant(Sequence Sequence, int Start, int Tokens, bool DrawsToken, int Run)
{
    /// <summary>Position past the last granted token: that of the token to draw, if one is drawn.</summary>
    public int End => Start + Tokens;
}
