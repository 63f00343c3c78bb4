using System.Diagnostics.Metrics;

namespace XLLM.Grains.Diagnostics;

/// <summary>All instruments of this project. Meter "XLLM.Grains".</summary>
internal sealed class GrainInstruments
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "XLLM.Grains";

    private readonly UpDownCounter<long> _generations;
    private readonly Counter<long> _choices;
    private readonly Counter<long> _turns;
    private readonly Counter<long> _moves;
    private readonly Histogram<double> _store;
    private readonly Meter _meter;

    /// <summary>Creates the instruments.</summary>
    public GrainInstruments(IMeterFactory meters)
    {
        var meter = _meter = meters.Create(MeterName);
        _generations = meter.CreateUpDownCounter<long>("xllm.replica.generations", "{generation}", "Generations that stream out of this silo's replicas.");
        _choices = meter.CreateCounter<long>("xllm.router.choices", "{choice}", "Replicas chosen, by reason.");
        _turns = meter.CreateCounter<long>("xllm.session.turns", "{turn}", "Turns of durable conversations, by outcome.");
        _moves = meter.CreateCounter<long>("xllm.session.moves", "{move}", "Sessions that moved to the silo of their last turn.");
        _store = meter.CreateHistogram<double>("xllm.session.store.duration", "s", "Time to store a turn.");
    }

    /// <summary>A generation begins to stream.</summary>
    public void GenerationStarted(string model) => _generations.Add(1, Model(model));

    /// <summary>It no longer does.</summary>
    public void GenerationEnded(string model) => _generations.Add(-1, Model(model));

    /// <summary>A replica was chosen.</summary>
    public void Chosen(string model, string reason) => _choices.Add(1, Model(model), new("xllm.reason", reason));

    /// <summary>A turn ended.</summary>
    public void TurnEnded(SessionOutcome outcome) => _turns.Add(1, new KeyValuePair<string, object?>("xllm.outcome", outcome.ToString()));

    /// <summary>A session moves to the silo of its last turn.</summary>
    public void SessionMoved() => _moves.Add(1);

    /// <summary>A turn was stored.</summary>
    public void Stored(TimeSpan duration) => _store.Record(duration.TotalSeconds);

    /// <summary>What this silo's prefix table knows, read when somebody asks. Once per silo.</summary>
    public void ObservePrefixes(Func<(int Hashes, long Refused, long Gaps)> counts)
    {
        _meter.CreateObservableGauge("xllm.prefixes.known", () => counts().Hashes, "{prefix}", "Prefixes that this silo knows to be held, by itself or by others, each once.");
        _meter.CreateObservableCounter("xllm.prefixes.refused", () => counts().Refused, "{prefix}", "Prefixes that found no room in this silo's table.");
        _meter.CreateObservableCounter("xllm.prefixes.gaps", () => counts().Gaps, "{batch}", "Batches of others' changes that came with one missing before them.");
    }

    private static KeyValuePair<string, object?> Model(string model) => new("gen_ai.request.model", model);
}

/// <summary>How a turn of a durable conversation ended.</summary>
internal enum SessionOutcome
{
    /// <summary>Answered and stored.</summary>
    Stored,

    /// <summary>Its caller left; nothing changed.</summary>
    Aborted,

    /// <summary>The generation failed; nothing changed.</summary>
    Failed,

    /// <summary>Answered, but storage refused; nothing changed.</summary>
    NotStored,
}
