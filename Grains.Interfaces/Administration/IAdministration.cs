namespace XLLM.Grains.Interfaces.Administration;

/// <summary>The cluster as its administrators see it. Who may ask is not its business.</summary>
public interface IAdministration
{
    /// <summary>All silos that are members now, by name; one that does not answer is told as such.</summary>
    Task<SiloReport[]> ListSilosAsync();

    /// <summary>Empties a silo.</summary>
    /// <param name="silo">Its name, or its parsable address.</param>
    /// <exception cref="RequestException">No such silo.</exception>
    Task<SiloReport> DrainAsync(string silo);

    /// <summary>Lets a silo take requests again.</summary>
    /// <param name="silo">Its name, or its parsable address.</param>
    /// <exception cref="RequestException">No such silo.</exception>
    Task<SiloReport> UndrainAsync(string silo);

    /// <summary>All models.</summary>
    Task<DeploymentReport[]> ListModelsAsync();

    /// <summary>Wants a number of replicas of a model.</summary>
    Task<DeploymentReport> SetDeploymentAsync(DeploymentSpec spec);

    /// <summary>Leaves a model to the silos' configuration.</summary>
    /// <returns>False if nothing was wanted of it.</returns>
    Task<bool> RemoveDeploymentAsync(string model);

    /// <summary>Events of a model until it is as it is wanted.</summary>
    IAsyncEnumerable<ModelLoadEvent> WatchDeploymentAsync(string model, CancellationToken cancellationToken = default);

    /// <summary>The cache tiers of all silos that answer.</summary>
    Task<(SiloReport Silo, CacheTierReport[] Tiers)[]> ListCacheTiersAsync();

    /// <summary>Empties a cache tier, on one silo or on all.</summary>
    /// <param name="tier">Its name.</param>
    /// <param name="model">Only what belongs to this model; null: all.</param>
    /// <param name="silo">Name or address; null: all.</param>
    /// <returns>Bytes that were given back.</returns>
    /// <exception cref="RequestException">No silo has such a tier.</exception>
    Task<long> ClearCacheAsync(string tier, string? model, string? silo);

    /// <summary>Keeps an act in the audit.</summary>
    Task AuditAsync(AuditEntry entry);

    /// <summary>The newest acts, newest first.</summary>
    Task<AuditEntry[]> ListAuditAsync(int most);
}
