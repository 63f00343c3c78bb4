namespace XLLM.Grains.Interfaces.Administration;

/// <summary>One silo, to look at and to steer. Pinned to the silo that its key names; key: <see cref="SiloGrainKey.Of"/>.</summary>
[Alias("xllm.silo"), GrainInterfaceType("xllm.silo")]
public interface ISiloGrain : IGrainWithStringKey
{
    /// <summary>What the silo is, serves and does.</summary>
    [Alias("report"), ResponseTimeout("00:00:05")]
    Task<SiloReport> GetReportAsync();

    /// <summary>Empties the silo: nothing new comes, what runs ends, conversations move away. Returns when it is empty, or when its bound on that has passed.</summary>
    /// <returns>The silo afterwards.</returns>
    [Alias("drain"), ResponseTimeout("00:30:00")]
    Task<SiloReport> DrainAsync();

    /// <summary>Takes new requests again.</summary>
    /// <returns>The silo afterwards.</returns>
    [Alias("undrain")]
    Task<SiloReport> UndrainAsync();

    /// <summary>Another silo says that it drains, or no longer does; repeated while it does.</summary>
    /// <param name="silo">Parsable address of that silo.</param>
    /// <param name="draining">Whether grains must keep away from it.</param>
    [Alias("note-draining"), ResponseTimeout("00:00:05")]
    Task NoteDrainingAsync(string silo, bool draining);

    /// <summary>Loads a model here and tells how that goes, to its end. Leaving the enumeration does not stop the loading; a second call joins it.</summary>
    [Alias("load")]
    IAsyncEnumerable<ModelLoadEvent> LoadAsync(ModelPlace model, CancellationToken cancellationToken = default);

    /// <summary>Drains a model's engine here and gives its memory back.</summary>
    /// <returns>False if it is not loaded here.</returns>
    [Alias("unload"), ResponseTimeout("00:30:00")]
    Task<bool> UnloadAsync(string model);

    /// <summary>The cache tiers of this silo.</summary>
    [Alias("caches")]
    Task<CacheTierReport[]> ListCacheTiersAsync();

    /// <summary>Empties a cache tier of this silo.</summary>
    /// <param name="tier">Its name.</param>
    /// <param name="model">Only what belongs to this model; null: all.</param>
    /// <returns>Bytes that were given back; null if there is no such tier, or it cannot be emptied.</returns>
    [Alias("clear-cache"), ResponseTimeout("00:05:00")]
    Task<long?> ClearCacheAsync(string tier, string? model);
}
