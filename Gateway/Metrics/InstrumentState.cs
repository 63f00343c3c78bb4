using System.Diagnostics.Metrics;

namespace XLLM.Gateway.Metrics;

/// <summary>What was recorded by one instrument, by label set. Thread-safe.</summary>
/// <param name="instrument">The instrument.</param>
/// <param name="maxSeries">Most label sets; further ones are joined under <c>overflow="true"</c>.</param>
internal sealed class InstrumentState(Instrument instrument, int maxSeries)
{
    private static readonly KeyValuePair<string, string>[] Overflow = [new("overflow", "true")];

    private readonly Lock _lock = new();
    private readonly Dictionary<string, MetricSeries> _series = new(StringComparer.Ordinal);
    private readonly double[] _buckets = KindOf(instrument) == MetricKind.Histogram ? DefaultBuckets.Of(instrument) : [];
    private readonly bool _replaces = IsGeneric(instrument, typeof(Gauge<>));

    /// <summary>The instrument.</summary>
    public Instrument Instrument => instrument;

    /// <summary>Its kind.</summary>
    public MetricKind Kind { get; } = KindOf(instrument);

    /// <summary>Takes a measurement.</summary>
    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_lock)
        {
            var series = Series(tags);
            if (Kind == MetricKind.Histogram)
            {
                series.Count(value);
            }
            else if (_replaces)
            {
                series.Set(value);
            }
            else
            {
                series.Add(value);
            }
        }
    }

    /// <summary>Observed instruments tell their whole value each time they are asked: forgets what they told before.</summary>
    public void ForgetObserved()
    {
        if (instrument.IsObservable)
        {
            lock (_lock)
            {
                _series.Clear();
            }
        }
    }

    /// <summary>Adds all series to a family's.</summary>
    public void CopyTo(Dictionary<string, MetricSeries> family)
    {
        lock (_lock)
        {
            foreach (var (key, series) in _series)
            {
                if (!family.TryGetValue(key, out var copy))
                {
                    family[key] = copy = new(series.Labels, series.Buckets);
                }

                if (copy.Buckets.AsSpan().SequenceEqual(series.Buckets))
                {
                    copy.Merge(series);
                }
            }
        }
    }

    /// <summary>An instrument's kind. What goes up and down is a gauge to Prometheus.</summary>
    public static MetricKind KindOf(Instrument instrument) =>
        IsGeneric(instrument, typeof(Histogram<>)) ? MetricKind.Histogram
        : IsGeneric(instrument, typeof(Counter<>)) || IsGeneric(instrument, typeof(ObservableCounter<>)) ? MetricKind.Counter
        : MetricKind.Gauge;

    private static bool IsGeneric(Instrument instrument, Type type)
    {
        for (var one = instrument.GetType(); one is not null; one = one.BaseType)
        {
            if (one.IsGenericType && one.GetGenericTypeDefinition() == type)
            {
                return true;
            }
        }

        return false;
    }

    private MetricSeries Series(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var key = Key(tags);
        if (_series.TryGetValue(key, out var series))
        {
            return series;
        }

        if (_series.Count < maxSeries)
        {
            var labels = new KeyValuePair<string, string>[tags.Length];
            for (var i = 0; i < tags.Length; i++)
            {
                labels[i] = new(tags[i].Key, Text(tags[i].Value));
            }

            return _series[key] = new(labels, _buckets);
        }

        return _series.TryGetValue("\uFFFF", out series) ? series : _series["\uFFFF"] = new(Overflow, _buckets);
    }

    private static string Key(ReadOnlySpan<KeyValuePair<string, object?>> tags) => tags.Length switch
    {
        0 => "",
        1 => string.Concat(tags[0].Key, "\0", Text(tags[0].Value)),
        2 => $"{tags[0].Key}\0{Text(tags[0].Value)}\0{tags[1].Key}\0{Text(tags[1].Value)}",
        _ => string.Join('\0', tags.ToArray().Select(tag => $"{tag.Key}\0{Text(tag.Value)}")),
    };

    private static string Text(object? value) => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? "";
}
