namespace XLLM.Grains.Catalog;

/// <summary>This silo's voice in the catalog. It speaks by itself at every heartbeat; these are for what cannot wait.</summary>
public interface IReplicaAnnouncer
{
    /// <summary>Announces now: a model was just loaded or unloaded.</summary>
    Task AnnounceAsync(CancellationToken cancellationToken = default);

    /// <summary>From now on this silo takes no new requests; what runs, runs on. For the moment before a stop.</summary>
    Task DrainAsync(CancellationToken cancellationToken = default);

    /// <summary>Takes new requests again.</summary>
    Task UndrainAsync(CancellationToken cancellationToken = default);
}
