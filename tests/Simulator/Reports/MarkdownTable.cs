using System.Globalization;

namespace XLLM.Simulator.Reports;

/// <summary>Results as a Markdown table, one row per policy.</summary>
internal static class MarkdownTable
{
    /// <summary>The header's two lines.</summary>
    public static IEnumerable<string> Header()
    {
        yield return "| policy | hit rate | TTFT mean, s | p50 | p90 | p99 | TPOT mean, ms | p99 | SLO met | goodput, req/s | refused | busy | busiest / mean |";
        yield return "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";
    }

    /// <summary>A result's line.</summary>
    public static string Row(ReplayResult result) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {result.Policy} | {100 * result.HitRate:F1} % | {result.FirstToken.Mean:F2} | {result.FirstToken.At(0.5):F2} | {result.FirstToken.At(0.9):F2} | {result.FirstToken.At(0.99):F2} | {1000 * result.PerToken.Mean:F1} | {1000 * result.PerToken.At(0.99):F1} | {100 * result.Attainment:F1} % | {result.Goodput:F2} | {result.Refused} | {100 * result.Utilization:F0} % | {result.Imbalance:F2} |");
}
