using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Interfaces.Catalog;

/// <summary>Which models are served, and by which replicas. One grain per cluster: key 0. Silos announce their replicas again and again, so it needs no storage.</summary>
[Alias("xllm.catalog"), GrainInterfaceType("xllm.catalog")]
public interface IModelCatalogGrain : IGrainWithIntegerKey
{
    /// <summary>A silo says all that it serves, perhaps nothing; repeated as a heartbeat. In one call, since the catalog may move between two, and one that has not heard from every silo cannot tell a model that nobody serves.</summary>
    /// <param name="silo">Its parsable address.</param>
    /// <param name="replicas">Its replicas.</param>
    [Alias("announce-all")]
    Task AnnounceAsync(string silo, [Immutable] ReplicaAnnouncement[] replicas);

    /// <summary>A silo stops serving a model.</summary>
    [Alias("withdraw")]
    Task WithdrawAsync(ReplicaKey replica);

    /// <summary>All models, by name.</summary>
    [Alias("models")]
    Task<ModelDescriptor[]> ListModelsAsync();

    /// <summary>The replicas of a model whose silo lives; empty if there is no such model.</summary>
    [Alias("replicas")]
    Task<ReplicaAnnouncement[]> ListReplicasAsync(string model);
}

/// <summary>A replica as its silo describes it.</summary>
/// <param name="Replica">Its key.</param>
/// <param name="Model">What it serves.</param>
/// <param name="Role">What it does.</param>
/// <param name="State">Whether it takes requests.</param>
/// <param name="Load">How busy it is.</param>
/// <param name="Beat">Number of this announcement, growing: tells a fresh load from one seen before.</param>
[GenerateSerializer, Immutable, Alias("xllm.replica-announcement")]
public sealed record ReplicaAnnouncement(
    [property: Id(0)] ReplicaKey Replica,
    [property: Id(1)] ModelDescriptor Model,
    [property: Id(2)] ReplicaRole Role,
    [property: Id(3)] ReplicaState State,
    [property: Id(4)] ReplicaLoad Load,
    [property: Id(5)] long Beat = 0);

/// <summary>A model as clients see it.</summary>
[GenerateSerializer, Immutable, Alias("xllm.model-descriptor")]
public sealed record ModelDescriptor
{
    /// <summary>The name that requests use.</summary>
    [Id(0)]
    public required string Name { get; init; }

    /// <summary>Architecture in its <c>config.json</c>.</summary>
    [Id(1)]
    public required string Architecture { get; init; }

    /// <summary>Most tokens of prompt and output together.</summary>
    [Id(2)]
    public required int MaxContext { get; init; }

    /// <summary>Token ids are below this.</summary>
    [Id(3)]
    public required int VocabularySize { get; init; }

    /// <summary>Tokens of one KV block, hence of one prefix hash.</summary>
    [Id(4)]
    public required int BlockTokens { get; init; }

    /// <summary>Number of weights.</summary>
    [Id(5)]
    public long Parameters { get; init; }

    /// <summary>When the replica loaded it, Unix seconds.</summary>
    [Id(6)]
    public long Created { get; init; }

    /// <summary>Name of the tool-call syntax its output has, or null: <see cref="Parsing.ToolCallParsers"/>.</summary>
    [Id(7)]
    public string? ToolCallFormat { get; init; }

    /// <summary>Name of the reasoning syntax its output has, or null: <see cref="Parsing.ReasoningParsers"/>.</summary>
    [Id(8)]
    public string? ReasoningFormat { get; init; }

    /// <summary>Sampling defaults of the model's own <c>generation_config.json</c>.</summary>
    [Id(9)]
    public SamplingParameters SamplingDefaults { get; init; } = new();

    /// <summary>Whether it has a chat template.</summary>
    [Id(10)]
    public bool HasChatTemplate { get; init; } = true;

    /// <summary>What it may be asked for.</summary>
    [Id(11)]
    public ModelTasks Tasks { get; init; } = ModelTasks.Generate;

    /// <summary>Numbers of an embedding; 0 where it makes none.</summary>
    [Id(12)]
    public int EmbeddingSize { get; init; }
}
