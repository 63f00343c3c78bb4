using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Grains.Interfaces.Responses;

/// <summary>What is asked of a stored answer.</summary>
[GenerateSerializer, Immutable, Alias("xllm.response-start")]
public sealed record ResponseStart
{
    /// <summary>Longest time that a response may be kept: ten years. An id could be kept for good only by a row that nobody ever deletes.</summary>
    public static readonly TimeSpan LongestKept = TimeSpan.FromDays(3650);

    /// <summary>The turn. Its messages are only what is new: the conversation before comes from <see cref="PreviousResponseId"/>. A missing seed is drawn and stored.</summary>
    [Id(0)]
    public required ChatRequest Request { get; init; }

    /// <summary>System message of this turn alone; no part of the conversation that later responses go on with. Null: none.</summary>
    [Id(1)]
    public string? Instructions { get; init; }

    /// <summary>The response whose conversation goes on here; null: a new one.</summary>
    [Id(2)]
    public string? PreviousResponseId { get; init; }

    /// <summary>Names the request's content: the same id with another fingerprint is refused.</summary>
    [Id(3)]
    public required string Fingerprint { get; init; }

    /// <summary>The caller does not wait: a refused turn is a failed response, not an error.</summary>
    [Id(4)]
    public bool Background { get; init; }

    /// <summary>Opaque text of the protocol that asked, handed back with the response.</summary>
    [Id(5)]
    public string? Echo { get; init; }

    /// <summary>How long the response is kept after it ended, or, where it never did, after it began. Over zero, at most <see cref="LongestKept"/>. Its row is deleted within two hours afterwards.</summary>
    [Id(6)]
    public TimeSpan KeepFor { get; init; } = TimeSpan.FromDays(30);
}

/// <summary>How a stored answer stands.</summary>
[GenerateSerializer, Alias("xllm.response-status")]
public enum ResponseStatus
{
    /// <summary>The turn runs, or runs again after its silo was lost.</summary>
    InProgress = 0,

    /// <summary>The turn ended; <see cref="ResponseSnapshot.Events"/> ends with its <see cref="ChatEnded"/>.</summary>
    Ended = 1,

    /// <summary>Somebody ended it; its events stop where it was.</summary>
    Cancelled = 2,

    /// <summary>It could not be served; <see cref="ResponseSnapshot.ErrorCode"/> says why. Events there may be.</summary>
    Failed = 3,
}

/// <summary>A stored answer as it stands.</summary>
[GenerateSerializer, Immutable, Alias("xllm.response-snapshot")]
public sealed record ResponseSnapshot
{
    /// <summary>Response id.</summary>
    [Id(0)]
    public required string ResponseId { get; init; }

    /// <summary>What was asked, its seed set.</summary>
    [Id(1)]
    public required ResponseStart Start { get; init; }

    /// <summary>How it stands.</summary>
    [Id(2)]
    public required ResponseStatus Status { get; init; }

    /// <summary>Events so far, in order.</summary>
    [Id(3)]
    public required ChatEvent[] Events { get; init; }

    /// <summary>When it was stored first.</summary>
    [Id(4)]
    public required DateTimeOffset Created { get; init; }

    /// <summary>When it ended; null before.</summary>
    [Id(5)]
    public DateTimeOffset? Ended { get; init; }

    /// <summary>A code of <see cref="RequestErrors"/> where it failed, else null.</summary>
    [Id(6)]
    public string? ErrorCode { get; init; }

    /// <summary>For people: why it failed.</summary>
    [Id(7)]
    public string? ErrorMessage { get; init; }

    /// <summary>The whole conversation, this response's answer included; without instructions. Empty before it ended.</summary>
    [Id(8)]
    public ChatMessage[] Conversation { get; init; } = [];
}
