using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Grains.Administration;

/// <summary>What is stored of the audit. Stored rows outlive versions: ids are never reused.</summary>
[GenerateSerializer, Immutable, Alias("xllm.audit-state")]
internal sealed record AuditState
{
    /// <summary>Oldest first.</summary>
    [Id(0)]
    public AuditEntry[] Entries { get; init; } = [];
}
