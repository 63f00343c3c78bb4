using System.Diagnostics.Metrics;

namespace XLLM.Silo.Diagnostics;

/// <summary>All instruments of an engine. Names follow OpenTelemetry's generative-AI conventions where those have one; times are in seconds.</summary>
/// <remarks>Every measurement has the tag <c>model</c>. Recording allocates nothing.</remarks>
internal sealed class EngineMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "XLLM.Orleans";

    // Boundaries of OpenTelemetry's conventions for these three instruments.
    private static readonly double[] FirstTokenSeconds = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60];
    private static readonly double[] TokenSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
    private static readonly double[] RequestSeconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68];
    private static readonly int[] StepTokens = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192];

    private readonly Meter _meter;
    private readonly KeyValuePair<string, object?> _model;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<double> _nextToken;
    private readonly Histogram<double> _timePerToken;
    private readonly Histogram<double> _request;
    private readonly Histogram<double> _queue;
    private readonly Histogram<double> _stepDuration;
    private readonly Histogram<int> _stepTokens;
    private readonly Counter<long> _promptTokens;
    private readonly Counter<long> _generatedTokens;
    private volatile Func<EngineGauges>? _read;     // null: not observed yet, or disposed

    /// <param name="meters">Makes the meter.</param>
    /// <param name="model">Value of the tag <c>model</c>.</param>
    public EngineMetrics(IMeterFactory meters, string model)
    {
        _model = new("model", model);

        // Tags of the meter tell the engines of one silo apart, since instruments of one meter are shared by name.
        _meter = meters.Create(new MeterOptions(MeterName) { Tags = [_model] });
        _firstToken = Seconds("gen_ai.server.time_to_first_token", "From a request's arrival to its first token.", FirstTokenSeconds);
        _nextToken = Seconds("xllm.engine.inter_token_time", "From one token of a sequence to the next.", TokenSeconds);
        _timePerToken = Seconds("gen_ai.server.time_per_output_token", "Mean time of a request's tokens after the first.", TokenSeconds);
        _request = Seconds("gen_ai.server.request.duration", "From a request's arrival to its end, by the reason of its end.", RequestSeconds);
        _queue = Seconds("xllm.engine.queue_time", "From a request's arrival to its first grant.", RequestSeconds);
        _stepDuration = Seconds("xllm.engine.step.duration", "Time of the executor for one step.", FirstTokenSeconds);
        _stepTokens = _meter.CreateHistogram(
            "xllm.engine.step.tokens", "{token}", "Rows of a step.", null, new InstrumentAdvice<int> { HistogramBucketBoundaries = StepTokens });
        _promptTokens = _meter.CreateCounter<long>("xllm.engine.prompt_tokens", "{token}", "Tokens of the prompts of requests that got a first token, an embedding or a score.");
        _generatedTokens = _meter.CreateCounter<long>("xllm.engine.generated_tokens", "{token}", "Tokens drawn.");
    }

    /// <summary>Registers the instruments that are read, not recorded. Once per engine.</summary>
    /// <param name="read">Reads the engine's counts; called by any thread.</param>
    public void Observe(Func<EngineGauges> read)
    {
        _read = read;
        ObserveCounter("xllm.engine.prefix_cache.queries", "{token}", "Tokens looked for in the prefix cache.", gauges => gauges.QueriedTokens);
        ObserveCounter("xllm.engine.prefix_cache.hits", "{token}", "Tokens found in the prefix cache.", gauges => gauges.HitTokens);
        ObserveCounter("xllm.engine.prefix_cache.evictions", "{block}", "Cached KV blocks dropped to make room.", gauges => gauges.Evictions);
        ObserveCounter("xllm.engine.preemptions", "{sequence}", "Sequences whose KV blocks were taken for others.", gauges => gauges.Preemptions);
        ObserveGauge("xllm.engine.sequences.running", "{sequence}", "Sequences that hold KV blocks.", gauges => gauges.RunningSequences);
        ObserveGauge("xllm.engine.sequences.waiting", "{sequence}", "Sequences that wait for KV blocks.", gauges => gauges.WaitingSequences);
        ObserveGauge("xllm.engine.pending_tokens", "{token}", "Tokens whose keys and values are not computed yet.", gauges => gauges.PendingTokens);
        ObserveGauge("xllm.engine.kv.blocks.total", "{block}", "All KV blocks.", gauges => gauges.TotalBlocks);
        ObserveGauge("xllm.engine.kv.blocks.free", "{block}", "KV blocks that a sequence could have.", gauges => gauges.FreeBlocks);
        ObserveGauge("xllm.engine.kv.blocks.cached", "{block}", "KV blocks that can be found by their prefix hash.", gauges => gauges.CachedBlocks);
        ObserveGauge("xllm.engine.kv.usage", "1", "Part of the KV blocks that sequences hold, 0 to 1.", Usage);
    }

    /// <summary>A step has finished.</summary>
    public void StepFinished(TimeSpan duration, int tokens)
    {
        _stepDuration.Record(duration.TotalSeconds, _model);
        _stepTokens.Record(tokens, _model);
    }

    /// <summary>A sequence has its first grant.</summary>
    public void Admitted(TimeSpan sinceArrival) => _queue.Record(sinceArrival.TotalSeconds, _model);

    /// <summary>A sequence has its first token.</summary>
    public void FirstToken(TimeSpan sinceArrival, int promptTokens)
    {
        _firstToken.Record(sinceArrival.TotalSeconds, _model);
        _promptTokens.Add(promptTokens, _model);
        _generatedTokens.Add(1, _model);
    }

    /// <summary>A sequence has its result in place of tokens.</summary>
    public void Pooled(int promptTokens) => _promptTokens.Add(promptTokens, _model);

    /// <summary>A sequence has a further token.</summary>
    public void NextToken(TimeSpan sinceLast)
    {
        _nextToken.Record(sinceLast.TotalSeconds, _model);
        _generatedTokens.Add(1, _model);
    }

    /// <summary>A generation has ended.</summary>
    /// <param name="reason">Name of the reason, lower case.</param>
    /// <param name="sinceArrival">Its whole duration.</param>
    /// <param name="timePerToken">Mean time of its tokens after the first; null if it has none.</param>
    public void Ended(string reason, TimeSpan sinceArrival, TimeSpan? timePerToken)
    {
        _request.Record(sinceArrival.TotalSeconds, _model, new("reason", reason));
        if (timePerToken is { } time)
        {
            _timePerToken.Record(time.TotalSeconds, _model);
        }
    }

    /// <inheritdoc/>
    /// <remarks>A factory's meters outlive their users and are given out again by name and tags, with the instruments that were made: disposing one does nothing. So this goes silent, and lets the engine go.</remarks>
    public void Dispose()
    {
        _read = null;
        _meter.Dispose();
    }

    private static double Usage(EngineGauges gauges) => gauges.TotalBlocks == 0 ? 0 : 1 - ((double)gauges.FreeBlocks / gauges.TotalBlocks);

    private Histogram<double> Seconds(string name, string description, double[] boundaries) =>
        _meter.CreateHistogram(name, "s", description, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });

    private void ObserveCounter(string name, string unit, string description, Func<EngineGauges, long> value) =>
        _meter.CreateObservableCounter(name, () => _read is { } read ? [new Measurement<long>(value(read()), _model)] : Array.Empty<Measurement<long>>(), unit, description);

    private void ObserveGauge(string name, string unit, string description, Func<EngineGauges, double> value) =>
        _meter.CreateObservableGauge(name, () => _read is { } read ? [new Measurement<double>(value(read()), _model)] : Array.Empty<Measurement<double>>(), unit, description);
}
