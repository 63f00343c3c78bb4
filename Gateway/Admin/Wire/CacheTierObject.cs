using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Gateway.Admin.Wire;

/// <summary>All cache tiers.</summary>
internal sealed record CacheList
{
    public required CacheTierObject[] Tiers { get; init; }
}

/// <summary>A cache tier of a silo.</summary>
internal sealed record CacheTierObject
{
    public required string Silo { get; init; }

    public required string Tier { get; init; }

    public string? Model { get; init; }

    public required long Blocks { get; init; }

    public required long Bytes { get; init; }

    public long? CapacityBytes { get; init; }

    public required long Hits { get; init; }

    public required long Misses { get; init; }

    public required double HitRate { get; init; }

    public required bool Clearable { get; init; }

    /// <summary>Words a report.</summary>
    public static CacheTierObject From(string silo, CacheTierReport tier) => new()
    {
        Silo = silo,
        Tier = tier.Tier,
        Model = tier.Model,
        Blocks = tier.Blocks,
        Bytes = tier.Bytes,
        CapacityBytes = tier.CapacityBytes,
        Hits = tier.Hits,
        Misses = tier.Misses,
        HitRate = tier.Hits + tier.Misses == 0 ? 0 : Math.Round((double)tier.Hits / (tier.Hits + tier.Misses), 4),
        Clearable = tier.Clearable,
    };
}

/// <summary>A cache tier was emptied.</summary>
internal sealed record CacheCleared
{
    public required string Tier { get; init; }

    public required long Bytes { get; init; }
}
