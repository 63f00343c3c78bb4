namespace XLLM.Silo.Pooling;

/// <summary>The leading numbers of the last token's hidden state, scaled to length one.</summary>
/// <remarks>The sum of squares runs in double and in order of the columns, so that the bits depend on the row alone. Source: Qwen3 Embedding technical report (arXiv:2506.05176) section 2; cutting: Kusupati et al. 2022 (arXiv:2205.13147).</remarks>
/// <param name="dimensions">Numbers to keep, at least 1.</param>
/// <param name="normalizes">Whether to scale; a cut embedding has to be, a whole one where the model's are.</param>
internal sealed class EmbeddingPooler(int dimensions, bool normalizes) : IPooler
{
    /// <summary>Below this length a vector is divided by it instead: a vector of zeros stays one. The reference's number.</summary>
    private const double LeastLength = 1e-12;

    /// <inheritdoc/>
    public bool ReadsLogits => false;

    /// <inheritdoc/>
    public float[] Result { get; } = new float[dimensions];

    /// <inheritdoc/>
    public string? Pool(ReadOnlySpan<float> row)
    {
        if (row.Length < dimensions)
        {
            return $"the model gave {row.Length} numbers, {dimensions} were asked for";
        }

        var squares = 0.0;
        foreach (var value in row[..dimensions])
        {
            squares += (double)value * value;
        }

        if (!double.IsFinite(squares))
        {
            return "the model gave a hidden state that is not finite";
        }

        var scale = normalizes ? 1 / Math.Max(Math.Sqrt(squares), LeastLength) : 1;
        for (var i = 0; i < dimensions; i++)
        {
            Result[i] = (float)(row[i] * scale);
        }

        return null;
    }
}
