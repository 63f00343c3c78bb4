using System.Diagnostics.Metrics;

namespace XLLM.Gateway.Diagnostics;

/// <summary>All instruments of the gateway. Tags are bounded: routes, statuses, finish reasons, and models that have answered.</summary>
internal sealed class GatewayMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "XLLM.Orleans.Gateway";

    /// <summary>Waits from a millisecond to 43 minutes: the buckets of <c>vllm:time_to_first_token_seconds</c>, so that dashboards fit.</summary>
    private static readonly double[] FirstTokenBuckets =
        [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560];

    private static readonly double[] TokenBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];
    private static readonly double[] RequestBuckets = [0.005, 0.025, 0.1, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];
    private static readonly double[] CountBuckets = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000];

    private readonly Meter _meter;

    /// <summary>Creates the instruments.</summary>
    public GatewayMetrics(IMeterFactory factory)
    {
        _meter = factory.Create(MeterName);
        Requests = _meter.CreateCounter<long>("xllm.gateway.requests", "{request}", "HTTP requests under /v1, by route and status.");
        RequestDuration = Seconds("xllm.gateway.request.duration", "HTTP requests under /v1, from arrival to the last byte.", RequestBuckets);
        ActiveRequests = _meter.CreateUpDownCounter<long>("xllm.gateway.requests.active", "{request}", "HTTP requests under /v1 that are being answered.");
        Generations = _meter.CreateCounter<long>("xllm.gateway.generations", "{generation}", "Answers that ended well, by model and finish reason.");
        TimeToFirstToken = Seconds("xllm.gateway.time_to_first_token", "From a request's arrival to its first output.", FirstTokenBuckets);
        InterTokenLatency = Seconds("xllm.gateway.inter_token_latency", "Between two outputs of an answer.", TokenBuckets);
        GenerationDuration = Seconds("xllm.gateway.generation.duration", "From a request's arrival to the end of an answer.", RequestBuckets);
        PromptTokens = _meter.CreateCounter<long>("xllm.gateway.prompt.tokens", "{token}", "Prompt tokens of ended answers.");
        CachedTokens = _meter.CreateCounter<long>("xllm.gateway.prompt.cached_tokens", "{token}", "Of those, tokens found in the prefix cache.");
        GeneratedTokens = _meter.CreateCounter<long>("xllm.gateway.generation.tokens", "{token}", "Generated tokens of ended answers.");
        PromptSize = Count("xllm.gateway.request.prompt_tokens", "{token}", "Prompt tokens of an answer.");
        GenerationSize = Count("xllm.gateway.request.generation_tokens", "{token}", "Generated tokens of an answer.");
        RequestedChoices = Count("xllm.gateway.request.choices", "{choice}", "Answers asked for by a request.");
        RequestedTokens = Count("xllm.gateway.request.max_tokens", "{token}", "Most tokens asked for by a request, where it says so.");
    }

    /// <summary>Tags: route, method, status.</summary>
    public Counter<long> Requests { get; }

    /// <summary>Tags: route, status.</summary>
    public Histogram<double> RequestDuration { get; }

    /// <summary>No tags.</summary>
    public UpDownCounter<long> ActiveRequests { get; }

    /// <summary>Tags: model, finished_reason.</summary>
    public Counter<long> Generations { get; }

    /// <summary>Tags: model.</summary>
    public Histogram<double> TimeToFirstToken { get; }

    /// <summary>Tags: model.</summary>
    public Histogram<double> InterTokenLatency { get; }

    /// <summary>Tags: model.</summary>
    public Histogram<double> GenerationDuration { get; }

    /// <summary>Tags: model.</summary>
    public Counter<long> PromptTokens { get; }

    /// <summary>Tags: model.</summary>
    public Counter<long> CachedTokens { get; }

    /// <summary>Tags: model.</summary>
    public Counter<long> GeneratedTokens { get; }

    /// <summary>Tags: model.</summary>
    public Histogram<long> PromptSize { get; }

    /// <summary>Tags: model.</summary>
    public Histogram<long> GenerationSize { get; }

    /// <summary>Tags: model.</summary>
    public Histogram<long> RequestedChoices { get; }

    /// <summary>Tags: model.</summary>
    public Histogram<long> RequestedTokens { get; }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private Histogram<double> Seconds(string name, string description, double[] buckets) =>
        _meter.CreateHistogram(name, "s", description, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets });

    private Histogram<long> Count(string name, string unit, string description) =>
        _meter.CreateHistogram(name, unit, description, advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = [.. CountBuckets.Select(bound => (long)bound)] });
}
