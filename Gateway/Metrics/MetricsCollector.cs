using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;

namespace XLLM.Gateway.Metrics;

/// <summary>Listens to the instruments of this process: ours and those of Orleans.</summary>
/// <remarks>In the one-process case that includes the engine's. A gateway of its own shows its own; each silo has its <c>/metrics</c>.</remarks>
internal sealed class MetricsCollector : IDisposable
{
    private static readonly string[] Meters = ["XLLM.", "Microsoft.Orleans"];

    private readonly MeterListener _listener = new();
    private readonly Lock _lock = new();
    private readonly List<InstrumentState> _states = [];

    /// <summary>Begins to listen.</summary>
    public MetricsCollector(IOptions<GatewayOptions> options)
        : this(options.Value.MaxSeriesPerInstrument, meter => Meters.Any(prefix => meter.StartsWith(prefix, StringComparison.Ordinal)))
    {
    }

    /// <summary>Begins to listen.</summary>
    /// <param name="maxSeries">Most label sets of an instrument.</param>
    /// <param name="hears">Which meters, by name.</param>
    internal MetricsCollector(int maxSeries, Func<string, bool> hears)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (hears(instrument.Meter.Name))
            {
                var state = new InstrumentState(instrument, maxSeries);
                lock (_lock)
                {
                    _states.Add(state);
                }

                listener.EnableMeasurementEvents(instrument, state);
            }
        };
        _listener.MeasurementsCompleted = (_, state) =>
        {
            lock (_lock)
            {
                _states.Remove((InstrumentState)state!);
            }
        };
        Hear<byte>(value => value);
        Hear<short>(value => value);
        Hear<int>(value => value);
        Hear<long>(value => value);
        Hear<float>(value => value);
        Hear<double>(value => value);
        Hear<decimal>(value => (double)value);
        _listener.Start();
    }

    /// <summary>All families now, by instrument name. Instruments of one name and kind, as several engines have, are one family: equal label sets are added up.</summary>
    public IReadOnlyList<MetricFamily> Collect()
    {
        lock (_lock)
        {
            foreach (var state in _states)
            {
                state.ForgetObserved();
            }

            _listener.RecordObservableInstruments();
            return [.. _states
                .GroupBy(state => (state.Instrument.Name, state.Kind))
                .Select(Family)
                .OrderBy(family => family.Name, StringComparer.Ordinal)];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private static MetricFamily Family(IGrouping<(string Name, MetricKind Kind), InstrumentState> states)
    {
        var series = new Dictionary<string, MetricSeries>(StringComparer.Ordinal);
        foreach (var state in states)
        {
            state.CopyTo(series);
        }

        var first = states.First().Instrument;
        return new(states.Key.Name, states.Key.Kind, first.Unit ?? "", first.Description ?? "", [.. series.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => one.Value)]);
    }

    private void Hear<T>(Func<T, double> number)
        where T : struct => _listener.SetMeasurementEventCallback<T>((_, value, tags, state) => ((InstrumentState)state!).Record(number(value), tags));
}
