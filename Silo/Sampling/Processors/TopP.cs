namespace XLLM.Silo.Sampling.Processors;

/// <summary>Keeps the fewest most probable tokens whose probabilities sum to at least a given part. Source: Holtzman et al. 2019, arXiv:1904.09751 ("nucleus").</summary>
/// <param name="probability">The part, over 0 and below 1.</param>
/// <remarks>
/// Exact without sorting the vocabulary: weights are summed in bins by distance from the greatest logit, the bin in which the sum passes the part is found,
/// and only its tokens are sorted.
/// </remarks>
internal sealed class TopP(float probability) : ILogitsProcessor
{
    /// <summary>Number of bins; the last one takes everything that is further away.</summary>
    public const int Bins = 2048;

    /// <summary>Bins per unit of logit: 2,048 bins reach down to weights of e^-32, about 1e-14.</summary>
    private const float BinsPerUnit = 64;

    /// <inheritdoc/>
    public void Apply(Span<float> logits, SamplerState state, SamplerScratch scratch)
    {
        var most = LogitsMath.Max(logits);
        var weights = scratch.Weights[..logits.Length];
        var target = probability * LogitsMath.Weights(logits, most, weights, scratch.BlockSums);

        var bins = scratch.Histogram;
        Array.Clear(bins);
        for (var token = 0; token < logits.Length; token++)
        {
            bins[Bin(logits[token], most)] += weights[token];
        }

        var bin = 0;
        double sum = 0;
        while (bin < Bins - 1 && sum + bins[bin] < target)
        {
            sum += bins[bin++];
        }

        var count = 0;
        var tokens = scratch.Tokens;
        var values = scratch.Values;
        for (var token = 0; token < logits.Length; token++)
        {
            if (Bin(logits[token], most) == bin && weights[token] > 0)
            {
                (tokens[count], values[count]) = (token, logits[token]);
                count++;
            }
        }

        TopTokens.Sort(tokens[..count], values[..count]);
        for (var i = 0; i < count; i++)
        {
            sum += weights[tokens[i]];
            if (sum >= target)
            {
                Cut.KeepDownTo(logits, values[i], tokens[i]);
                return;
            }
        }
    }

    private static int Bin(float logit, float most) => (int)Math.Min((most - logit) * BinsPerUnit, Bins - 1);
}
