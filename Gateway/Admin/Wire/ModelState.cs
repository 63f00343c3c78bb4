using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Gateway.Admin.Wire;

/// <summary>All models.</summary>
internal sealed record ModelStateList
{
    public required ModelState[] Models { get; init; }
}

/// <summary>A model: what is wanted, and what is.</summary>
internal sealed record ModelState
{
    public required string Model { get; init; }

    public string? Path { get; init; }

    public int? WantedReplicas { get; init; }

    public required bool Asleep { get; init; }

    public string? LastFailure { get; init; }

    public required ReplicaObject[] Replicas { get; init; }

    /// <summary>Words a report.</summary>
    public static ModelState From(DeploymentReport report) => new()
    {
        Model = report.Model,
        Path = report.Path,
        WantedReplicas = report.WantedReplicas,
        Asleep = report.Asleep,
        LastFailure = report.LastFailure,
        Replicas = [.. report.Replicas.Select(deployed => ReplicaObject.From(deployed.Silo, deployed.Address, deployed.Replica))],
    };
}

/// <summary>An event of loading and unloading.</summary>
internal sealed record LoadEventObject
{
    public required string Model { get; init; }

    public required string Silo { get; init; }

    public required string Stage { get; init; }

    public required long Bytes { get; init; }

    public long? TotalBytes { get; init; }

    public string? Message { get; init; }

    /// <summary>Words an event.</summary>
    public static LoadEventObject From(ModelLoadEvent next) => new()
    {
        Model = next.Model,
        Silo = next.Silo,
        Stage = AdminWords.Lower(next.Stage),
        Bytes = next.Bytes,
        TotalBytes = next.TotalBytes,
        Message = next.Message,
    };
}
