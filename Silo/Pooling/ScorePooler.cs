namespace XLLM.Silo.Pooling;

/// <summary>The probability of one token against another as the next one: softmax over their two logits.</summary>
/// <remarks>Source: Qwen3 Embedding technical report (arXiv:2506.05176) section 2, of the reranking models.</remarks>
/// <param name="yes">The token whose probability counts.</param>
/// <param name="no">The token that it is held against.</param>
internal sealed class ScorePooler(int yes, int no) : IPooler
{
    /// <inheritdoc/>
    public bool ReadsLogits => true;

    /// <inheritdoc/>
    public float[] Result { get; } = new float[1];

    /// <inheritdoc/>
    public string? Pool(ReadOnlySpan<float> row)
    {
        var lead = (double)row[yes] - row[no];
        if (double.IsNaN(lead))
        {
            return $"the model gave logits {row[yes]} and {row[no]} for the tokens that decide the score";
        }

        Result[0] = (float)(1 / (1 + Math.Exp(-lead)));
        return null;
    }
}
