namespace XLLM.Gateway.Metrics;

/// <summary>The state of one label set: a number, or a histogram's counts.</summary>
/// <param name="labels">Tags with their values as text, in the order they were recorded.</param>
/// <param name="buckets">Upper bounds of a histogram's buckets, ascending; empty for a number.</param>
internal sealed class MetricSeries(KeyValuePair<string, string>[] labels, double[] buckets)
{
    /// <summary>Tags.</summary>
    public KeyValuePair<string, string>[] Labels { get; } = labels;

    /// <summary>Upper bounds, without infinity.</summary>
    public double[] Buckets { get; } = buckets;

    /// <summary>Values in each bucket alone; the last is above every bound.</summary>
    public long[] Counts { get; } = buckets.Length == 0 ? [] : new long[buckets.Length + 1];

    /// <summary>The number, or the sum of a histogram's values.</summary>
    public double Value { get; private set; }

    /// <summary>Adds to the number.</summary>
    public void Add(double value) => Value += value;

    /// <summary>Replaces the number.</summary>
    public void Set(double value) => Value = value;

    /// <summary>Counts a value.</summary>
    public void Count(double value)
    {
        var at = Array.BinarySearch(Buckets, value);
        Counts[at >= 0 ? at : ~at]++;
        Value += value;
    }

    /// <summary>Takes another series' numbers into this one. Their buckets must be equal.</summary>
    public void Merge(MetricSeries other)
    {
        Value += other.Value;
        for (var i = 0; i < Counts.Length; i++)
        {
            Counts[i] += other.Counts[i];
        }
    }
}
