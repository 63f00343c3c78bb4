using System.Diagnostics.Metrics;

namespace XLLM.Silo.Diagnostics;

/// <summary>Instruments of the stage that encodes pictures. One per engine.</summary>
internal sealed class PictureMetrics
{
    private readonly KeyValuePair<string, object?> _model;
    private readonly Counter<long> _hits;
    private readonly Counter<long> _misses;
    private readonly Counter<long> _tokens;
    private readonly Histogram<double> _duration;

    /// <param name="meters">Makes the meter; the one of <see cref="EngineMetrics"/>.</param>
    /// <param name="model">Value of the tag <c>model</c>.</param>
    public PictureMetrics(IMeterFactory meters, string model)
    {
        _model = new("model", model);
        var meter = meters.Create(new MeterOptions(EngineMetrics.MeterName) { Tags = [_model] });
        _hits = meter.CreateCounter<long>("xllm.engine.picture_cache.hits", "{picture}", "Pictures whose encoder result was found.");
        _misses = meter.CreateCounter<long>("xllm.engine.picture_cache.misses", "{picture}", "Pictures that were encoded.");
        _tokens = meter.CreateCounter<long>("xllm.engine.picture_tokens", "{token}", "Tokens of pictures that were encoded.");
        _duration = meter.CreateHistogram<double>("xllm.engine.picture.duration", "s", "Time of the executor for encoding one picture.");
    }

    /// <summary>A result was found.</summary>
    public void Found() => _hits.Add(1, _model);

    /// <summary>A picture was encoded.</summary>
    public void Encoded(TimeSpan duration, int tokens)
    {
        _misses.Add(1, _model);
        _tokens.Add(tokens, _model);
        _duration.Record(duration.TotalSeconds, _model);
    }
}
