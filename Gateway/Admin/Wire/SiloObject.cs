using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Gateway.Admin.Wire;

/// <summary>All silos.</summary>
internal sealed record SiloList
{
    public required SiloObject[] Silos { get; init; }
}

/// <summary>A silo as administrators see it.</summary>
internal sealed record SiloObject
{
    public required string Name { get; init; }

    public required string Address { get; init; }

    public required string Role { get; init; }

    public required string State { get; init; }

    public required string Host { get; init; }

    public required int ProcessId { get; init; }

    public required double UpSeconds { get; init; }

    public required int Sessions { get; init; }

    public long? MemoryBudgetBytes { get; init; }

    public required ReplicaObject[] Replicas { get; init; }

    public required KnownModelObject[] KnownModels { get; init; }

    /// <summary>Words a report.</summary>
    public static SiloObject From(SiloReport silo) => new()
    {
        Name = silo.Name,
        Address = silo.Silo,
        Role = AdminWords.Lower(silo.Role),
        State = AdminWords.Lower(silo.State),
        Host = silo.Host,
        ProcessId = silo.ProcessId,
        UpSeconds = AdminWords.Seconds(silo.UpTime),
        Sessions = silo.MovableGrains,
        MemoryBudgetBytes = silo.MemoryBudgetBytes,
        Replicas = [.. silo.Replicas.Select(replica => ReplicaObject.From(silo.Name, silo.Silo, replica))],
        KnownModels = [.. silo.KnownModels.Select(known => new KnownModelObject { Model = known.Name, Bytes = known.Bytes })],
    };
}

/// <summary>A model that a silo could load.</summary>
internal sealed record KnownModelObject
{
    public required string Model { get; init; }

    public required long Bytes { get; init; }
}
