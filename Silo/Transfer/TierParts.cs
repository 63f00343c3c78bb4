using XLLM.Silo.KvCache;
using XLLM.Silo.Transfer.Forms;

namespace XLLM.Silo.Transfer;

/// <summary>What the parts of a model's tiers share.</summary>
internal sealed record TierParts
{
    /// <summary>How tiers work.</summary>
    public required KvTierOptions Options { get; init; }

    /// <summary>What the blocks' bytes depend on.</summary>
    public required LayoutFingerprint Layout { get; init; }

    /// <summary>Groups of layers.</summary>
    public required int Groups { get; init; }

    /// <summary>Tokens of one KV block.</summary>
    public required int BlockTokens { get; init; }

    /// <summary>All forms.</summary>
    public required KvForms Forms { get; init; }

    /// <summary>Lends host memory.</summary>
    public required HostMemory Memory { get; init; }

    /// <summary>The host tier.</summary>
    public required (HostTier Tier, TierCounters Counters) Host { get; init; }

    /// <summary>Grain storage.</summary>
    public (TierCounters Counters, bool IsThere) Storage { get; init; } = (new TierCounters(), false);

    /// <summary>Other silos.</summary>
    public (TierCounters Counters, bool IsThere) Peers { get; init; } = (new TierCounters(), false);

    /// <summary>What things cost.</summary>
    public required KvCosts Costs { get; init; }

    /// <summary>Tells which prefixes are here.</summary>
    public required KvChangeFeed Feed { get; init; }

    /// <summary>Work under way.</summary>
    public required PendingWork Pending { get; init; }

    /// <summary>Puts packets into the host tier.</summary>
    public required TierWorker Worker { get; init; }
}
