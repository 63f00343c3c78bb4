using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Grains.Administration;

/// <summary>Empties this silo, so that stopping it cuts nothing off.</summary>
public interface ISiloDrain
{
    /// <summary>How far it is.</summary>
    SiloState State { get; }

    /// <summary>Nothing new comes here, what runs ends, what can move moves. Returns when the silo is empty or the time is up. A second call joins the first.</summary>
    /// <param name="timeout">Longest wait for what runs; null: that of <see cref="DrainOptions"/>.</param>
    /// <param name="cancellationToken">Ends the wait early.</param>
    Task DrainAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default);

    /// <summary>Takes new requests and grains again.</summary>
    Task UndrainAsync(CancellationToken cancellationToken = default);
}
