using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Gateway.Admin.Wire;

/// <summary>All replicas.</summary>
internal sealed record ReplicaList
{
    public required ReplicaObject[] Replicas { get; init; }
}

/// <summary>A replica as administrators see it.</summary>
internal sealed record ReplicaObject
{
    public required string Model { get; init; }

    public required string Silo { get; init; }

    public required string Address { get; init; }

    public required string State { get; init; }

    public required long Bytes { get; init; }

    public required double IdleSeconds { get; init; }

    public int? RunningSequences { get; init; }

    public int? WaitingSequences { get; init; }

    public int? FreeKvBlocks { get; init; }

    public int? TotalKvBlocks { get; init; }

    /// <summary>Words a replica.</summary>
    public static ReplicaObject From(string silo, string address, LoadedReplica replica) => new()
    {
        Model = replica.Model,
        Silo = silo,
        Address = address,
        State = AdminWords.Lower(replica.State),
        Bytes = replica.Bytes,
        IdleSeconds = AdminWords.Seconds(replica.Idle),
        RunningSequences = replica.Load?.RunningSequences,
        WaitingSequences = replica.Load?.WaitingSequences,
        FreeKvBlocks = replica.Load?.FreeBlocks,
        TotalKvBlocks = replica.Load?.TotalBlocks,
    };
}
