namespace XLLM.Silo.Sampling.Processors;

/// <summary>Drops the less probable end of a distribution.</summary>
internal static class Cut
{
    /// <summary>Keeps a token and all more probable ones; of equally probable ones, the lower ids.</summary>
    /// <param name="logits">The row; what is dropped becomes minus infinity.</param>
    /// <param name="logit">Logit of the last token to keep.</param>
    /// <param name="token">That token.</param>
    public static void KeepDownTo(Span<float> logits, float logit, int token)
    {
        LogitsMath.MaskBelow(logits, logit);
        var after = token + 1;
        for (var next = LogitsMath.IndexOf(logits[after..], logit); next >= 0; next = LogitsMath.IndexOf(logits[after..], logit))
        {
            logits[after + next] = float.NegativeInfinity;
            after += next + 1;
        }
    }
}
