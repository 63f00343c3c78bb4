using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Grains.Sessions;

/// <summary>What is stored of a conversation. Replaced whole by every turn. Stored rows outlive versions: ids are never reused or given another type, new members get new ids.</summary>
[GenerateSerializer, Immutable, Alias("xllm.session-state")]
internal sealed record SessionState
{
    /// <summary>Model of the last turn.</summary>
    [Id(0)]
    public string Model { get; init; } = "";

    /// <summary>All messages, oldest first.</summary>
    [Id(1)]
    public ChatMessage[] Messages { get; init; } = [];

    /// <summary>When the first turn began.</summary>
    [Id(2)]
    public DateTimeOffset Created { get; init; }

    /// <summary>When the last turn ended.</summary>
    [Id(3)]
    public DateTimeOffset Updated { get; init; }

    /// <summary>Request id of the last turn: asked again by a caller whose stream was lost, it is told again and not added again.</summary>
    [Id(4)]
    public string? LastRequestId { get; init; }

    /// <summary>Messages before the last turn.</summary>
    [Id(5)]
    public int MessagesBeforeLastTurn { get; init; }
}
