namespace XLLM.Gateway.Metrics;

/// <summary>A metric with all its label sets.</summary>
/// <param name="Name">The instrument's name.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Unit">Its unit, in UCUM: <c>s</c>, <c>By</c>, <c>{token}</c>; empty: none.</param>
/// <param name="Description">For people.</param>
/// <param name="Series">Its label sets.</param>
internal sealed record MetricFamily(string Name, MetricKind Kind, string Unit, string Description, IReadOnlyList<MetricSeries> Series);
