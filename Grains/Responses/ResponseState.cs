using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Responses;

namespace XLLM.Grains.Responses;

/// <summary>What is stored of a response: at its start, so that it can run again, and at its end. Stored rows outlive versions: ids are never reused or given another type.</summary>
[GenerateSerializer, Immutable, Alias("xllm.response-state")]
internal sealed record ResponseState
{
    /// <summary>What was asked, its seed set. Null only in a row that was never written.</summary>
    [Id(0)]
    public ResponseStart? Start { get; init; }

    /// <summary>The conversation before this response.</summary>
    [Id(1)]
    public ChatMessage[] Before { get; init; } = [];

    /// <summary>How it stands.</summary>
    [Id(2)]
    public ResponseStatus Status { get; init; }

    /// <summary>Its events; empty while it runs.</summary>
    [Id(3)]
    public ChatEvent[] Events { get; init; } = [];

    /// <summary>When it was stored first.</summary>
    [Id(4)]
    public DateTimeOffset Created { get; init; }

    /// <summary>When it ended.</summary>
    [Id(5)]
    public DateTimeOffset? Ended { get; init; }

    /// <summary>Why it failed, for programs.</summary>
    [Id(6)]
    public string? ErrorCode { get; init; }

    /// <summary>Why it failed, for people.</summary>
    [Id(7)]
    public string? ErrorMessage { get; init; }
}
