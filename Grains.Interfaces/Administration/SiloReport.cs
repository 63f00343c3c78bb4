using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Interfaces.Administration;

/// <summary>A silo as it describes itself.</summary>
[GenerateSerializer, Immutable, Alias("xllm.silo-report")]
public sealed record SiloReport
{
    /// <summary>Parsable address.</summary>
    [Id(0)]
    public required string Silo { get; init; }

    /// <summary>Name, for people.</summary>
    [Id(1)]
    public required string Name { get; init; }

    /// <summary>What it is for.</summary>
    [Id(2)]
    public SiloRole Role { get; init; }

    /// <summary>Whether it takes requests.</summary>
    [Id(3)]
    public SiloState State { get; init; }

    /// <summary>Process id on its host.</summary>
    [Id(4)]
    public int ProcessId { get; init; }

    /// <summary>Host name.</summary>
    [Id(5)]
    public string Host { get; init; } = "";

    /// <summary>Time since its start.</summary>
    [Id(6)]
    public TimeSpan UpTime { get; init; }

    /// <summary>Models that it knows where to find, by name.</summary>
    [Id(7)]
    public KnownModel[] KnownModels { get; init; } = [];

    /// <summary>Models that it has in memory, or is about to.</summary>
    [Id(8)]
    public LoadedReplica[] Replicas { get; init; } = [];

    /// <summary>Most bytes that models may take here; null: no bound.</summary>
    [Id(9)]
    public long? MemoryBudgetBytes { get; init; }

    /// <summary>Conversations and other movable grains that live here.</summary>
    [Id(10)]
    public int MovableGrains { get; init; }
}

/// <summary>Whether a silo takes requests.</summary>
[GenerateSerializer, Alias("xllm.silo-state")]
public enum SiloState
{
    /// <summary>Takes requests.</summary>
    Active = 0,

    /// <summary>Takes nothing new, finishes what runs.</summary>
    Draining = 1,

    /// <summary>Nothing runs here any more; may be stopped.</summary>
    Drained = 2,

    /// <summary>Did not answer. Told by whoever asked, never by the silo.</summary>
    Unreachable = 3,
}

/// <summary>A model that a silo could load.</summary>
/// <param name="Name">The name that requests use.</param>
/// <param name="Bytes">What it takes in memory: its weights' files, and the KV memory where that is set; 0 where unknown.</param>
[GenerateSerializer, Immutable, Alias("xllm.known-model")]
public sealed record KnownModel([property: Id(0)] string Name, [property: Id(1)] long Bytes);

/// <summary>A model in a silo's memory.</summary>
[GenerateSerializer, Immutable, Alias("xllm.loaded-replica")]
public sealed record LoadedReplica
{
    /// <summary>The model's name.</summary>
    [Id(0)]
    public required string Model { get; init; }

    /// <summary>How far it is.</summary>
    [Id(1)]
    public required LoadedState State { get; init; }

    /// <summary>Bytes of weights and KV pool; while it loads, what it is expected to take.</summary>
    [Id(2)]
    public long Bytes { get; init; }

    /// <summary>Time since it last computed, or since it was loaded.</summary>
    [Id(3)]
    public TimeSpan Idle { get; init; }

    /// <summary>Its load; null while it is not ready.</summary>
    [Id(4)]
    public ReplicaLoad? Load { get; init; }
}

/// <summary>How far a replica is.</summary>
[GenerateSerializer, Alias("xllm.loaded-state")]
public enum LoadedState
{
    /// <summary>Serves.</summary>
    Ready = 0,

    /// <summary>Is being loaded.</summary>
    Loading = 1,

    /// <summary>Finishes what runs, then goes.</summary>
    Unloading = 2,

    /// <summary>Its engine broke; it serves nothing.</summary>
    Failed = 3,
}
