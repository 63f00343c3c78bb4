namespace XLLM.Silo.Sampling;

/// <summary>Draws tokens from rows of logits, one row at a time. Allocates nothing. Not thread-safe: one per executor.</summary>
/// <param name="vocabularySize">Columns of the logits.</param>
internal sealed class Sampler(int vocabularySize)
{
    /// <summary>Most tokens that log probabilities are told for, besides the drawn one. Source: OpenAI's API.</summary>
    public const int MostTopLogprobs = 20;

    private readonly SamplerScratch _scratch = new(vocabularySize);

    /// <summary>Draws the next token of a sequence and notes it in the sequence's state.</summary>
    /// <param name="row">Logits, one per token of the vocabulary.</param>
    /// <param name="state">The sequence's state.</param>
    /// <param name="topTokens">Receives the most probable tokens where asked for, best first; at least <see cref="MostTopLogprobs"/> long.</param>
    /// <param name="topLogprobs">Receives their log probabilities; as long.</param>
    public SampledToken Sample(ReadOnlySpan<float> row, SamplerState state, Span<int> topTokens, Span<float> topLogprobs)
    {
        if (row.Length != vocabularySize)
        {
            return Failed($"the model gave {row.Length} logits for a vocabulary of {vocabularySize} tokens");
        }

        var settings = state.Settings;
        if (settings.IsGreedy && settings.TopLogprobs is null && !state.Pipeline.Adjusts)
        {
            // The common case in benchmarks and tests needs no copy of the row.
            var (best, most) = Best(row);
            return best < 0 ? Failed(row, most) : Drawn(state, best);
        }

        var logits = _scratch.Logits;
        row.CopyTo(logits);
        state.Pipeline.Adjust(logits, state, _scratch);
        var (top, greatest) = Best(logits);
        if (top < 0)
        {
            return Failed(row, greatest);
        }

        if (settings.TopLogprobs is not { } topCount)
        {
            return Drawn(state, Draw(logits, state, top));
        }

        var adjusted = _scratch.Adjusted;
        logits.CopyTo(adjusted);
        var total = LogitsMath.Weights(adjusted, greatest, _scratch.Weights, _scratch.BlockSums);
        var normalizer = greatest + Math.Log(total);
        var token = Draw(logits, state, top);
        var tops = WriteTop(adjusted, normalizer, topTokens[..Math.Min(topCount, vocabularySize)], topLogprobs);
        return Drawn(state, token) with { Logprob = (float)(adjusted[token] - normalizer), TopCount = tops };
    }

    private static SampledToken Drawn(SamplerState state, int token)
    {
        state.Observe(token);
        return new SampledToken(token, 0, 0, null);
    }

    private static SampledToken Failed(ReadOnlySpan<float> row, float most) => Failed(float.IsNaN(most)
        ? $"the model gave a logit that is not a number, for token {FirstNaN(row)}"
        : $"no token can be drawn: the greatest logit is {most}");

    private static SampledToken Failed(string fault) => new(-1, 0, 0, fault);

    private static int FirstNaN(ReadOnlySpan<float> row)
    {
        var token = 0;
        while (token < row.Length && !float.IsNaN(row[token]))
        {
            token++;
        }

        return token;
    }

    /// <summary>The token of the greatest logit, the lowest of equals, and that logit; -1 where it is not a finite number.</summary>
    private static (int Token, float Logit) Best(ReadOnlySpan<float> logits)
    {
        var most = LogitsMath.Max(logits);
        return (float.IsFinite(most) ? LogitsMath.IndexOf(logits, most) : -1, most);
    }

    private int Draw(Span<float> logits, SamplerState state, int best)
    {
        if (state.Settings.IsGreedy)
        {
            return best;
        }

        state.Pipeline.Shape(logits, state, _scratch);

        // Shaping keeps the best token the best, whatever it does to its logit.
        var weights = _scratch.Weights[..logits.Length];
        var sums = _scratch.BlockSums;
        var total = LogitsMath.Weights(logits, logits[best], weights, sums);
        var left = RandomStream.Uniform(state.Settings.Seed, state.GeneratedTokens) * total;
        var block = 0;
        while (block < sums.Length - 1 && left >= sums[block])
        {
            left -= sums[block++];
        }

        // Rounding may leave a remainder after the last token; it belongs to the last one that can be drawn.
        var token = best;
        for (var i = block * LogitsMath.BlockSize; i < weights.Length; i++)
        {
            if (weights[i] > 0)
            {
                token = i;
                left -= weights[i];
                if (left < 0)
                {
                    break;
                }
            }
        }

        return token;
    }

    private int WriteTop(ReadOnlySpan<float> adjusted, double normalizer, Span<int> topTokens, Span<float> topLogprobs)
    {
        var values = _scratch.Values[..topTokens.Length];
        TopTokens.Select(adjusted, topTokens, values);
        TopTokens.Sort(topTokens, values);
        var count = 0;
        while (count < values.Length && float.IsFinite(values[count]))      // forbidden tokens are not among the probable ones
        {
            topLogprobs[count] = (float)(values[count] - normalizer);
            count++;
        }

        return count;
    }
}
