namespace XLLM.Grains.Interfaces.Administration;

/// <summary>How many replicas each model should have, kept in storage, and the drive towards that. One grain per cluster: key 0.</summary>
/// <remarks>One for all models, since they compete for the same silos' memory.</remarks>
[Alias("xllm.deployments"), GrainInterfaceType("xllm.deployments")]
public interface IDeploymentGrain : IGrainWithIntegerKey
{
    /// <summary>All models: those that are wanted, loaded, or known to a silo; by name.</summary>
    [Alias("list")]
    Task<DeploymentReport[]> ListAsync();

    /// <summary>Wants a number of replicas of a model from now on, over restarts too.</summary>
    /// <exception cref="RequestException">No silo knows the model and no path is given; a number out of range.</exception>
    [Alias("set")]
    Task<DeploymentReport> SetAsync(DeploymentSpec spec);

    /// <summary>Leaves a model to its silos' configuration again.</summary>
    /// <returns>False if nothing was wanted of it.</returns>
    [Alias("remove")]
    Task<bool> RemoveAsync(string model);

    /// <summary>A request wants a model that nobody serves. Loads it if that is allowed, and returns when it serves.</summary>
    /// <returns>False if there is no such model, or it may not be loaded on demand.</returns>
    /// <exception cref="RequestException">It could not be loaded.</exception>
    [Alias("demand"), ResponseTimeout("00:10:00")]
    Task<bool> DemandAsync(string model);

    /// <summary>Models that nobody serves and that <see cref="DemandAsync"/> would load, by name.</summary>
    [Alias("loadable")]
    Task<string[]> ListLoadableAsync();

    /// <summary>Events of a model's replicas until the model is as it is wanted. Ends at once where it is.</summary>
    [Alias("watch")]
    IAsyncEnumerable<ModelLoadEvent> WatchAsync(string model, CancellationToken cancellationToken = default);

    /// <summary>Makes sure that the grain is awake; every silo says it again and again, so a cluster that restarted drives on.</summary>
    [Alias("wake")]
    Task WakeAsync();
}

/// <summary>What is wanted of a model.</summary>
/// <param name="Model">Its name, and where its files are.</param>
/// <param name="Replicas">Silos that should serve it, 0 to 1,000. 0: nobody.</param>
[GenerateSerializer, Immutable, Alias("xllm.deployment-spec")]
public sealed record DeploymentSpec([property: Id(0)] ModelPlace Model, [property: Id(1)] int Replicas);

/// <summary>A model: what is wanted, and what is.</summary>
[GenerateSerializer, Immutable, Alias("xllm.deployment-report")]
public sealed record DeploymentReport
{
    /// <summary>The model's name.</summary>
    [Id(0)]
    public required string Model { get; init; }

    /// <summary>Where its files are; null: by each silo's configuration.</summary>
    [Id(1)]
    public string? Path { get; init; }

    /// <summary>Replicas that are wanted; null: nothing was said, so it stays as the silos began.</summary>
    [Id(2)]
    public int? WantedReplicas { get; init; }

    /// <summary>Its replicas.</summary>
    [Id(3)]
    public DeployedReplica[] Replicas { get; init; } = [];

    /// <summary>It was unloaded because nobody used it; the next request loads it.</summary>
    [Id(4)]
    public bool Asleep { get; init; }

    /// <summary>Why the last loading failed; null if it did not.</summary>
    [Id(5)]
    public string? LastFailure { get; init; }
}

/// <summary>A replica and its silo.</summary>
/// <param name="Silo">Name of the silo, for people.</param>
/// <param name="Address">Parsable address of the silo.</param>
/// <param name="Replica">What the silo says.</param>
[GenerateSerializer, Immutable, Alias("xllm.deployed-replica")]
public sealed record DeployedReplica([property: Id(0)] string Silo, [property: Id(1)] string Address, [property: Id(2)] LoadedReplica Replica);
