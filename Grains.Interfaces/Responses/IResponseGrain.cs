using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Grains.Interfaces.Responses;

/// <summary>A stored answer: owner of one turn, whoever reads it and however often. Key: response id.</summary>
/// <remarks>
/// The turn runs whether somebody reads or not. Its events have places, from 0; a second run of the same turn (its silo was lost) tells the same events,
/// so a reader who goes on after event n misses none and gets none twice (decisions D2 and D7).
/// </remarks>
[Alias("xllm.response"), GrainInterfaceType("xllm.response")]
public interface IResponseGrain : IGrainWithStringKey
{
    /// <summary>Stores the turn and starts it. Asked again with the same <see cref="ResponseStart.Fingerprint"/> it only tells how the turn stands: a retry does not run twice.</summary>
    /// <returns>The response as stored: it survives from here on.</returns>
    /// <exception cref="RequestException">The request is out of range; the response before it is unknown or has not ended; the id was used for another request.</exception>
    [Alias("start")]
    Task<ResponseSnapshot> StartAsync([Immutable] ResponseStart start);

    /// <summary>The turn's events in order, as they come. The last is a <see cref="ChatEnded"/>.</summary>
    /// <param name="after">Events to leave out: those that the reader has.</param>
    /// <param name="cancellationToken">Stops reading; the turn goes on.</param>
    /// <exception cref="RequestException">No such response; or the turn was refused and has no events.</exception>
    [Alias("read")]
    IAsyncEnumerable<ChatEvent> ReadAsync(int after, CancellationToken cancellationToken = default);

    /// <summary>How the response stands, with its events so far; null if there is none.</summary>
    [Alias("get")]
    Task<ResponseSnapshot?> GetAsync();

    /// <summary>Ends the turn where it is. One that has ended stays as it is. Null if there is none.</summary>
    [Alias("cancel")]
    Task<ResponseSnapshot?> CancelAsync();

    /// <summary>Forgets the response; a running turn is ended. False if there was none.</summary>
    [Alias("delete")]
    Task<bool> DeleteAsync();
}
