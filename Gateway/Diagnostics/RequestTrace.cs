using System.Diagnostics;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.Diagnostics;

/// <summary>What is known about a request while it is answered: for the log line and the metrics. Written by one reader of events at a time.</summary>
internal sealed class RequestTrace(GatewayMetrics metrics, TimeProvider clock)
{
    private readonly long _arrived = clock.GetTimestamp();
    private readonly Dictionary<int, long> _lastOutput = [];
    private bool _answered;
    private int _choices;
    private int? _maxTokens;

    /// <summary>The request's id: of the header, or made.</summary>
    public required string RequestId { get; init; }

    /// <summary>The model asked for; null before the body is read.</summary>
    public string? Model { get; private set; }

    /// <summary>Arrival to first output; null before that.</summary>
    public TimeSpan? FirstToken { get; private set; }

    /// <summary>Tokens of all answers so far ended.</summary>
    public Usage Usage { get; private set; } = new(0, 0, 0);

    /// <summary>How the last answer ended; null before that.</summary>
    public string? FinishReason { get; private set; }

    /// <summary>Since arrival.</summary>
    public TimeSpan Elapsed => clock.GetElapsedTime(_arrived);

    private TagList Tags => new() { { "model", Model } };

    /// <summary>The trace of the request that is being answered.</summary>
    public static RequestTrace Of(HttpContext context) =>
        context.Features.Get<RequestTrace>() ?? throw new InvalidOperationException($"{context.Request.Path} is answered outside the gateway's middleware");

    /// <summary>The body was read and is in order.</summary>
    public void Asked(string model, int choices, int? maxTokens) => (Model, _choices, _maxTokens) = (model, choices, maxTokens);

    /// <summary>An answer has new output.</summary>
    public void Output(int choice)
    {
        var now = clock.GetTimestamp();
        if (FirstToken is null)
        {
            FirstToken = clock.GetElapsedTime(_arrived, now);
            metrics.TimeToFirstToken.Record(FirstToken.Value.TotalSeconds, Tags);
        }

        if (_lastOutput.TryGetValue(choice, out var last))
        {
            metrics.InterTokenLatency.Record(clock.GetElapsedTime(last, now).TotalSeconds, Tags);
        }

        _lastOutput[choice] = now;
    }

    /// <summary>An answer ended well.</summary>
    public void Ended(Usage usage, string finishReason)
    {
        // Only here is it certain that the model exists, which bounds the tag's values.
        if (!_answered)
        {
            _answered = true;
            metrics.RequestedChoices.Record(_choices, Tags);
            if (_maxTokens is { } most)
            {
                metrics.RequestedTokens.Record(most, Tags);
            }
        }

        FinishReason = finishReason;
        Usage = new(
            Usage.PromptTokens + usage.PromptTokens,
            Usage.CachedTokens + usage.CachedTokens,
            Usage.GeneratedTokens + usage.GeneratedTokens,
            Usage.ReasoningTokens + usage.ReasoningTokens);
        metrics.Generations.Add(1, new TagList { { "model", Model }, { "finished_reason", finishReason } });
        metrics.GenerationDuration.Record(Elapsed.TotalSeconds, Tags);
        metrics.PromptTokens.Add(usage.PromptTokens, Tags);
        metrics.CachedTokens.Add(usage.CachedTokens, Tags);
        metrics.GeneratedTokens.Add(usage.GeneratedTokens, Tags);
        metrics.PromptSize.Record(usage.PromptTokens, Tags);
        metrics.GenerationSize.Record(usage.GeneratedTokens, Tags);
    }
}
