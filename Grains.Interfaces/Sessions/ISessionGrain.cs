using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Grains.Interfaces.Sessions;

/// <summary>A durable conversation: its single writer. Key: session id. A turn is stored whole, when it has ended; an interrupted turn leaves the conversation as it was.</summary>
[Alias("xllm.session"), GrainInterfaceType("xllm.session")]
public interface ISessionGrain : IGrainWithStringKey
{
    /// <summary>Adds the request's messages, answers, and stores both before the last event.</summary>
    /// <exception cref="RequestException">Another turn is running, or the turn itself cannot be served.</exception>
    [Alias("chat")]
    IAsyncEnumerable<ChatEvent> ChatAsync([Immutable] ChatRequest request, CancellationToken cancellationToken = default);

    /// <summary>The conversation as stored; null if there is none.</summary>
    [Alias("get")]
    Task<SessionSnapshot?> GetAsync();

    /// <summary>Forgets the conversation. False if there was none.</summary>
    [Alias("delete")]
    Task<bool> DeleteAsync();
}

/// <summary>A stored conversation.</summary>
[GenerateSerializer, Immutable, Alias("xllm.session-snapshot")]
public sealed record SessionSnapshot
{
    /// <summary>Session id.</summary>
    [Id(0)]
    public required string SessionId { get; init; }

    /// <summary>Model of the last turn.</summary>
    [Id(1)]
    public required string Model { get; init; }

    /// <summary>All messages, oldest first.</summary>
    [Id(2)]
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>When the first turn began.</summary>
    [Id(3)]
    public required DateTimeOffset Created { get; init; }

    /// <summary>When the last turn ended.</summary>
    [Id(4)]
    public required DateTimeOffset Updated { get; init; }
}
