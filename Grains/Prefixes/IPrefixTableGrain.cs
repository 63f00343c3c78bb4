using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Prefixes;

/// <summary>A silo's prefix table, for the other silos to feed. Key: "silo/prefixes"; pinned to that silo.</summary>
[Alias("xllm.prefix-table"), GrainInterfaceType("xllm.prefix-table")]
internal interface IPrefixTableGrain : IGrainWithStringKey
{
    /// <summary>Takes changes in.</summary>
    /// <returns>Number of the last change that the table now has of this source; if it is lower than the batch's last, the batch did not fit and the source goes on from there.</returns>
    [Alias("apply")]
    Task<long> ApplyAsync(PrefixBatch batch);
}

/// <summary>Changes of one replica, in order.</summary>
[GenerateSerializer, Immutable, Alias("xllm.prefix-batch")]
internal sealed record PrefixBatch
{
    /// <summary>Whose.</summary>
    [Id(0)]
    public required ReplicaKey Source { get; init; }

    /// <summary>Where its blocks can be fetched; null: nowhere.</summary>
    [Id(1)]
    public string? PeerEndpoint { get; init; }

    /// <summary>The prefixes.</summary>
    [Id(2)]
    public required PrefixHash[] Hashes { get; init; }

    /// <summary>By prefix: <see cref="PrefixTiers"/>.</summary>
    [Id(3)]
    public required byte[] Tiers { get; init; }

    /// <summary>Number of the first change; in a part of everything, number of the change up to which everything is meant.</summary>
    [Id(4)]
    public required long Number { get; init; }

    /// <summary>0: changes. 1 and up: this part of everything that the source holds.</summary>
    [Id(5)]
    public int Part { get; init; }

    /// <summary>Number of parts of everything.</summary>
    [Id(6)]
    public int Parts { get; init; }

    /// <summary>The source serves no more: all that it held is void.</summary>
    [Id(7)]
    public bool IsGone { get; init; }
}
