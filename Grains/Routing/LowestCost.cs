namespace XLLM.Grains.Routing;

/// <summary>The choice among costs that policies share: the lowest, or with chance. Pure.</summary>
internal static class LowestCost
{
    /// <summary>Index of the lowest cost. Equal ones take turns: the search begins at another one each time and keeps the first best.</summary>
    /// <param name="costs">At least one; none is NaN.</param>
    /// <param name="turn">Number of this choice.</param>
    public static int Index(ReadOnlySpan<double> costs, long turn)
    {
        var start = (int)((ulong)turn % (ulong)costs.Length);
        var best = start;
        for (var i = 1; i < costs.Length; i++)
        {
            var next = start + i < costs.Length ? start + i : start + i - costs.Length;
            if (costs[next] < costs[best])
            {
                best = next;
            }
        }

        return best;
    }

    /// <summary>Draws an index with probability proportional to exp(-(cost - lowest) / (temperature * (highest - lowest))), so that the temperature has no unit. All are equally likely where all cost the same.</summary>
    /// <param name="costs">At least one; none is NaN. Overwritten.</param>
    /// <param name="temperature">Over 0.</param>
    /// <param name="draw">64 random bits.</param>
    public static int Draw(Span<double> costs, double temperature, ulong draw)
    {
        var (lowest, highest) = (double.MaxValue, double.MinValue);
        foreach (var cost in costs)
        {
            (lowest, highest) = (Math.Min(lowest, cost), Math.Max(highest, cost));
        }

        var scale = highest > lowest ? 1 / (temperature * (highest - lowest)) : 0;
        var sum = 0.0;
        foreach (ref var cost in costs)
        {
            cost = Math.Exp((lowest - cost) * scale);
            sum += cost;
        }

        var left = (draw >> 11) * (1.0 / (1UL << 53)) * sum;        // uniform in [0, sum)
        for (var i = 0; i < costs.Length; i++)
        {
            left -= costs[i];
            if (left < 0)
            {
                return i;
            }
        }

        return costs.LastIndexOfAnyExcept(0.0);     // rounding left a rest: the last that can be drawn
    }
}
