namespace XLLM.Grains.Interfaces.Administration;

/// <summary>A cache of keys and values, as its silo describes it.</summary>
[GenerateSerializer, Immutable, Alias("xllm.cache-tier-report")]
public sealed record CacheTierReport
{
    /// <summary>Name of the tier: device, host, storage, ...</summary>
    [Id(0)]
    public required string Tier { get; init; }

    /// <summary>The model whose keys and values these are; null where the tier holds several.</summary>
    [Id(1)]
    public string? Model { get; init; }

    /// <summary>KV blocks that it holds.</summary>
    [Id(2)]
    public long Blocks { get; init; }

    /// <summary>Bytes of them.</summary>
    [Id(3)]
    public long Bytes { get; init; }

    /// <summary>Most bytes that it may hold; null: no bound of its own.</summary>
    [Id(4)]
    public long? CapacityBytes { get; init; }

    /// <summary>KV blocks that were asked for and found, since the start.</summary>
    [Id(5)]
    public long Hits { get; init; }

    /// <summary>KV blocks that were asked for and not found, since the start.</summary>
    [Id(6)]
    public long Misses { get; init; }

    /// <summary>Whether it can be emptied.</summary>
    [Id(7)]
    public bool Clearable { get; init; }
}
