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

    /// <summary>Distance from the greatest logit that the bins cover at most: weights below e^-32, about 1e-14, share the last bin.</summary>
    private const float FarthestDistance = 32;

    /// <inheritdoc/>
    public void Apply(Span<float> logits, SamplerState state, SamplerScratch scratch)
    {
        var most = LogitsMath.Max(logits);
        var weights = scratch.Weights[..logits.Length];
        var target = probability * LogitsMath.Weights(logits, most, weights, scratch.BlockSums);

        // Bins as narrow as the row allows, so that in a flat row, too, few tokens share one.
        var distance = Math.Min(FarthestDistance, most - LogitsMath.MinFinite(logits));
        var binsPerUnit = distance > 0 ? (Bins - 1) / distance : 0;
        var (bin, sum) = FindBin(logits, weights, most, binsPerUnit, target, scratch.Histogram);
        var tokens = scratch.Tokens;
        var values = scratch.Values;
        var count = Collect(logits, weights, most, binsPerUnit, bin, tokens, values);
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

    /// <summary>The bin in which the sum of weights passes the target, and the sum of those before it.</summary>
    private static (int Bin, double SumBefore) FindBin(
        ReadOnlySpan<float> logits, ReadOnlySpan<float> weights, float most, float binsPerUnit, double target, double[] bins)
    {
        Array.Clear(bins);
        for (var start = 0; start < logits.Length; start += LogitsMath.Lanes)
        {
            var end = Math.Min(start + LogitsMath.Lanes, logits.Length);
            for (var token = LogitsMath.IsZero(weights[start..end]) ? end : start; token < end; token++)
            {
                bins[Bin(logits[token], most, binsPerUnit)] += weights[token];
            }
        }

        var bin = 0;
        double sum = 0;
        while (bin < Bins - 1 && sum + bins[bin] < target)
        {
            sum += bins[bin++];
        }

        return (bin, sum);
    }

    private static int Collect(
        ReadOnlySpan<float> logits, ReadOnlySpan<float> weights, float most, float binsPerUnit, int bin, Span<int> tokens, Span<float> values)
    {
        var count = 0;
        for (var start = 0; start < logits.Length; start += LogitsMath.Lanes)
        {
            var end = Math.Min(start + LogitsMath.Lanes, logits.Length);
            for (var token = LogitsMath.IsZero(weights[start..end]) ? end : start; token < end; token++)
            {
                if (weights[token] > 0 && Bin(logits[token], most, binsPerUnit) == bin)
                {
                    (tokens[count], values[count]) = (token, logits[token]);
                    count++;
                }
            }
        }

        return count;
    }

    /// <summary>Never falls as the distance grows, which is all that the search needs.</summary>
    private static int Bin(float logit, float most, float binsPerUnit) => float.IsFinite(logit) ? (int)Math.Min((most - logit) * binsPerUnit, Bins - 1) : Bins - 1;
}
