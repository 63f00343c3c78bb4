namespace XLLM.Grains.Interfaces.Replicas;

/// <summary>What a replica keeps of its KV blocks, tier by tier; counts are since its start.</summary>
/// <param name="Model">Model name.</param>
/// <param name="Tiers">Fastest first.</param>
[GenerateSerializer, Immutable, Alias("xllm.kv-tiers")]
public sealed record KvTierSnapshot([property: Id(0)] string Model, [property: Id(1)] KvTierContents[] Tiers);

/// <summary>One tier.</summary>
[GenerateSerializer, Immutable, Alias("xllm.kv-tier")]
public sealed record KvTierContents
{
    /// <summary><c>device</c>, <c>host</c>, <c>storage</c> or <c>peers</c>.</summary>
    [Id(0)]
    public required string Name { get; init; }

    /// <summary>KV blocks kept.</summary>
    [Id(1)]
    public long Blocks { get; init; }

    /// <summary>Bytes that they take.</summary>
    [Id(2)]
    public long Bytes { get; init; }

    /// <summary>Most bytes that the tier may take.</summary>
    [Id(3)]
    public long CapacityBytes { get; init; }

    /// <summary>Blocks looked for and found.</summary>
    [Id(4)]
    public long Hits { get; init; }

    /// <summary>Blocks looked for and not found.</summary>
    [Id(5)]
    public long Misses { get; init; }

    /// <summary>Blocks that came down from the tier above.</summary>
    [Id(6)]
    public long Demotions { get; init; }

    /// <summary>Blocks that went up to the device.</summary>
    [Id(7)]
    public long Promotions { get; init; }

    /// <summary>Blocks put out for others.</summary>
    [Id(8)]
    public long Evictions { get; init; }

    /// <summary>Blocks that could not be kept for want of room or time.</summary>
    [Id(9)]
    public long Dropped { get; init; }

    /// <summary>Blocks that were found damaged or foreign, and computed again.</summary>
    [Id(10)]
    public long Damaged { get; init; }

    /// <summary>Seconds spent loading.</summary>
    [Id(11)]
    public double LoadSeconds { get; init; }

    /// <summary>Whether the tier answered: where it did not, blocks and bytes are unknown and told as 0.</summary>
    [Id(12)]
    public bool IsAvailable { get; init; } = true;

    /// <summary>Blocks that came from the replica which routing had named, to spread a prefix that many ask for; part of what other silos sent.</summary>
    [Id(13)]
    public long Copied { get; init; }
}
