using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Responses;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>Stored answers as their callers see them. A silo that is lost meanwhile is not seen: the turn runs again elsewhere and tells the same events.</summary>
public interface IResponseClient
{
    /// <summary>Stores and starts a turn. See <see cref="IResponseGrain.StartAsync"/>.</summary>
    Task<ResponseSnapshot> StartAsync(string responseId, ResponseStart start);

    /// <summary>Reads a response's events, each once, from place <paramref name="after"/> on; the last is a <see cref="ChatEnded"/>. Leaving does not end the turn.</summary>
    /// <exception cref="RequestException">No such response, or it was refused; or no silo could go on with it.</exception>
    IAsyncEnumerable<ChatEvent> ReadAsync(string responseId, int after = 0, CancellationToken cancellationToken = default);

    /// <summary>How a response stands; null if there is none.</summary>
    Task<ResponseSnapshot?> GetAsync(string responseId);

    /// <summary>Ends its turn; null if there is none.</summary>
    Task<ResponseSnapshot?> CancelAsync(string responseId);

    /// <summary>Forgets it; false if there was none.</summary>
    Task<bool> DeleteAsync(string responseId);
}
