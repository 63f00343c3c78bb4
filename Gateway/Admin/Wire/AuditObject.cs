using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Gateway.Admin.Wire;

/// <summary>The newest acts, newest first.</summary>
internal sealed record AuditList
{
    public required AuditObject[] Entries { get; init; }
}

/// <summary>An act of an administrator.</summary>
internal sealed record AuditObject
{
    public required DateTimeOffset When { get; init; }

    public required string Who { get; init; }

    public required string What { get; init; }

    public required string Target { get; init; }

    public required bool Succeeded { get; init; }

    public required string Outcome { get; init; }

    public required double Seconds { get; init; }

    public required string RequestId { get; init; }

    /// <summary>Words an entry.</summary>
    public static AuditObject From(AuditEntry entry) => new()
    {
        When = entry.When,
        Who = entry.Who,
        What = entry.What,
        Target = entry.Target,
        Succeeded = entry.Succeeded,
        Outcome = entry.Outcome,
        Seconds = AdminWords.Seconds(entry.Duration),
        RequestId = entry.RequestId,
    };
}
