using System.Diagnostics.Metrics;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>All instruments of this project. Meter "XLLM.Client".</summary>
internal sealed class ClientInstruments
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "XLLM.Client";

    private readonly Counter<long> _resumes;
    private readonly Counter<long> _tokens;
    private readonly Histogram<double> _timeToFirstToken;
    private readonly Histogram<double> _duration;

    /// <summary>Creates the instruments.</summary>
    public ClientInstruments(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _resumes = meter.CreateCounter<long>("xllm.client.generation.resumes", "{resume}", "Generations that went on on another replica after theirs was lost or refused them.");
        _tokens = meter.CreateCounter<long>("gen_ai.client.token.usage", "{token}", "Tokens of prompts and answers.");
        _timeToFirstToken = meter.CreateHistogram<double>("gen_ai.client.operation.time_to_first_chunk", "s", "From the request to the first generated token.");
        _duration = meter.CreateHistogram<double>("gen_ai.client.operation.duration", "s", "From the request to the last event.");
    }

    /// <summary>A generation goes on elsewhere.</summary>
    public void Resumed(string model) => _resumes.Add(1, new KeyValuePair<string, object?>("gen_ai.request.model", model));

    /// <summary>The first token came.</summary>
    public void FirstToken(string model, TimeSpan after) => _timeToFirstToken.Record(after.TotalSeconds, new KeyValuePair<string, object?>("gen_ai.request.model", model));

    /// <summary>A generation ended.</summary>
    public void Ended(string model, GenerationEnded ended, TimeSpan after)
    {
        var tag = new KeyValuePair<string, object?>("gen_ai.request.model", model);
        _duration.Record(after.TotalSeconds, tag, new("xllm.end_reason", ended.Reason.ToString()));
        _tokens.Add(ended.Usage.PromptTokens, tag, new("gen_ai.token.type", "input"));
        _tokens.Add(ended.Usage.GeneratedTokens, tag, new("gen_ai.token.type", "output"));
    }
}
