namespace XLLM.Grains.Interfaces.Administration;

/// <summary>What administrators did: the newest entries, in storage. One grain per cluster: key 0.</summary>
[Alias("xllm.audit"), GrainInterfaceType("xllm.audit")]
public interface IAuditGrain : IGrainWithIntegerKey
{
    /// <summary>Adds an entry; it is stored when this returns.</summary>
    [Alias("add")]
    Task AddAsync(AuditEntry entry);

    /// <summary>The newest entries, newest first.</summary>
    /// <param name="most">How many at most.</param>
    [Alias("list")]
    Task<AuditEntry[]> ListAsync(int most);
}

/// <summary>One act of an administrator.</summary>
[GenerateSerializer, Immutable, Alias("xllm.audit-entry")]
public sealed record AuditEntry
{
    /// <summary>When it ended.</summary>
    [Id(0)]
    public required DateTimeOffset When { get; init; }

    /// <summary>By which right, and from which address.</summary>
    [Id(1)]
    public required string Who { get; init; }

    /// <summary>What was done: <c>silo.drain</c>, <c>model.load</c>, ...</summary>
    [Id(2)]
    public required string What { get; init; }

    /// <summary>To what: a silo, a model, a cache tier.</summary>
    [Id(3)]
    public required string Target { get; init; }

    /// <summary>Whether it was done.</summary>
    [Id(4)]
    public required bool Succeeded { get; init; }

    /// <summary>The result or the fault, in words.</summary>
    [Id(5)]
    public string Outcome { get; init; } = "";

    /// <summary>How long it took.</summary>
    [Id(6)]
    public TimeSpan Duration { get; init; }

    /// <summary>Id of the HTTP request.</summary>
    [Id(7)]
    public string RequestId { get; init; } = "";
}
