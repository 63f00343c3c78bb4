using System.Diagnostics.Metrics;
using XLLM.Silo.Diagnostics;
using XLLM.Simulator.Reports;

namespace XLLM.Simulator;

/// <summary>Reads an engine's own times of tokens from its instruments, so that no reader's thread is in the measurement.</summary>
internal sealed class EngineLatencies : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly List<double> _firstToken = [];
    private readonly List<double> _perToken = [];

    /// <summary>Listens from now on.</summary>
    public EngineLatencies()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == EngineMetrics.MeterName && ListFor(instrument.Name) is { } list)
            {
                listener.EnableMeasurementEvents(instrument, list);
            }
        };
        _listener.SetMeasurementEventCallback<double>((_, value, _, list) =>
        {
            lock (_gate)
            {
                ((List<double>)list!).Add(value);
            }
        });
        _listener.Start();
    }

    /// <summary>Seconds to the first token.</summary>
    public Distribution FirstToken => Read(_firstToken);

    /// <summary>Mean seconds per token after the first, by request.</summary>
    public Distribution PerToken => Read(_perToken);

    /// <summary>Forgets what was measured.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _firstToken.Clear();
            _perToken.Clear();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private List<double>? ListFor(string instrument) => instrument switch
    {
        "gen_ai.server.time_to_first_token" => _firstToken,
        "gen_ai.server.time_per_output_token" => _perToken,
        _ => null,
    };

    private Distribution Read(List<double> values)
    {
        lock (_gate)
        {
            return new Distribution(values);
        }
    }
}
