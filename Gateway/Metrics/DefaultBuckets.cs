using System.Diagnostics.Metrics;

namespace XLLM.Gateway.Metrics;

/// <summary>Buckets of a histogram: those that its maker advises, else by unit.</summary>
internal static class DefaultBuckets
{
    /// <summary>The bounds that OpenTelemetry uses where nobody advises any; made for milliseconds.</summary>
    private static readonly double[] Plain = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000];

    /// <summary>The bounds that OpenTelemetry's HTTP conventions use for seconds.</summary>
    private static readonly double[] Seconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    /// <summary>Upper bounds, ascending.</summary>
    public static double[] Of(Instrument instrument) => Advised(instrument) ?? (instrument.Unit == "s" ? Seconds : Plain);

    private static double[]? Advised(Instrument instrument)
    {
        double[]? bounds = instrument switch
        {
            Instrument<double> { Advice.HistogramBucketBoundaries: { } given } => [.. given],
            Instrument<float> { Advice.HistogramBucketBoundaries: { } given } => [.. given.Select(bound => (double)bound)],
            Instrument<long> { Advice.HistogramBucketBoundaries: { } given } => [.. given.Select(bound => (double)bound)],
            Instrument<int> { Advice.HistogramBucketBoundaries: { } given } => [.. given.Select(bound => (double)bound)],
            _ => null,
        };
        return bounds is { Length: > 0 } ? [.. bounds.Where(double.IsFinite).Distinct().Order()] : null;
    }
}
