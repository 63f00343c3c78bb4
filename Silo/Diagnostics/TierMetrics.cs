using System.Diagnostics.Metrics;
using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Silo.Diagnostics;

/// <summary>Instruments of a model's KV tiers below the device pool, read when somebody asks. Tags: <c>model</c>, <c>tier</c>.</summary>
internal sealed class TierMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly KeyValuePair<string, object?> _model;
    private readonly Func<IEnumerable<KvTierContents>> _read;

    /// <param name="meters">Makes the meter.</param>
    /// <param name="model">Value of the tag <c>model</c>.</param>
    /// <param name="read">Reads the tiers; called by any thread.</param>
    public TierMetrics(IMeterFactory meters, string model, Func<IEnumerable<KvTierContents>> read)
    {
        (_model, _read) = (new("model", model), read);
        _meter = meters.Create(new MeterOptions(EngineMetrics.MeterName) { Tags = [_model, new("part", "kv-tiers")] });
        Gauge("xllm.kv.tier.blocks", "{block}", "KV blocks kept.", tier => tier.Blocks);
        Gauge("xllm.kv.tier.size", "By", "Bytes that they take.", tier => tier.Bytes);
        Counter("xllm.kv.tier.hits", "{block}", "KV blocks looked for and found.", tier => tier.Hits);
        Counter("xllm.kv.tier.misses", "{block}", "KV blocks looked for and not found.", tier => tier.Misses);
        Counter("xllm.kv.tier.demotions", "{block}", "KV blocks that came down.", tier => tier.Demotions);
        Counter("xllm.kv.tier.promotions", "{block}", "KV blocks that went up to the device.", tier => tier.Promotions);
        Counter("xllm.kv.tier.evictions", "{block}", "KV blocks put out for others.", tier => tier.Evictions);
        Counter("xllm.kv.tier.dropped", "{block}", "KV blocks that could not be kept.", tier => tier.Dropped);
        Counter("xllm.kv.tier.damaged", "{block}", "KV blocks found damaged or foreign.", tier => tier.Damaged);
        Counter("xllm.kv.tier.copied", "{block}", "KV blocks fetched from the replica that routing named.", tier => tier.Copied);
        _meter.CreateObservableCounter("xllm.kv.tier.load_time", () => Measure(tier => tier.LoadSeconds), "s", "Time spent loading.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private void Gauge(string name, string unit, string description, Func<KvTierContents, long> value) =>
        _meter.CreateObservableGauge(name, () => Measure(value), unit, description);

    private void Counter(string name, string unit, string description, Func<KvTierContents, long> value) =>
        _meter.CreateObservableCounter(name, () => Measure(value), unit, description);

    private IEnumerable<Measurement<T>> Measure<T>(Func<KvTierContents, T> value)
        where T : struct =>
        _read().Select(tier => new Measurement<T>(value(tier), _model, new("tier", tier.Name)));
}
