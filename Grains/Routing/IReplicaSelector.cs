using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Grains.Routing;

/// <summary>The one question: which of these replicas for this request. Pure: chance, turn and weights come as arguments. A policy is a class and a registration line.</summary>
internal interface IReplicaSelector
{
    /// <summary>Name in <see cref="RoutingOptions.Policy"/>.</summary>
    string Name { get; }

    /// <summary>Chooses.</summary>
    /// <param name="candidates">At least one, ordered by key; all of them can take the request.</param>
    /// <param name="request">What to choose for.</param>
    Selection Select(ReadOnlySpan<ReplicaCandidate> candidates, in SelectionRequest request);
}

/// <summary>A replica that can take a request.</summary>
/// <param name="Replica">Its key.</param>
/// <param name="Load">Its load as last announced.</param>
/// <param name="RoutedTokens">Tokens to compute that this silo has sent there since that announcement: prompts, without what the replica held of them.</param>
/// <param name="CachedBlocks">Leading KV blocks of the request's prompt that it is known to hold on its device; 0 where nothing is known.</param>
/// <param name="LoadableBlocks">Leading ones that it holds on its device or in its host memory: those beyond <paramref name="CachedBlocks"/> take a load.</param>
internal readonly record struct ReplicaCandidate(ReplicaKey Replica, ReplicaLoad Load, int RoutedTokens, int CachedBlocks, int LoadableBlocks = 0)
{
    /// <summary>Requests that this silo has sent there since that announcement.</summary>
    public int RoutedSequences { get; init; }

    /// <summary>KV blocks of their prompts.</summary>
    public int RoutedBlocks { get; init; }

    /// <summary><see cref="ReplicaLoad.PendingAttention"/> of <see cref="RoutedTokens"/>.</summary>
    public long RoutedAttention { get; init; }

    /// <summary>Whether it sends its KV blocks to other replicas; asked only where prefixes may be copied (<see cref="RoutingOptions.CopyTokensPerSecond"/>).</summary>
    public bool Lends { get; init; }

    /// <summary>Seconds since that announcement arrived in this silo.</summary>
    public double Age { get; init; }
}

/// <summary>What to choose for.</summary>
/// <param name="Prefix">Hashes of the prompt's full KV blocks, in order.</param>
/// <param name="PromptTokens">Tokens that are pending when the generation starts.</param>
/// <param name="BlockTokens">Tokens of one KV block.</param>
/// <param name="Turn">Number of this choice, counting up from 0 per silo and model.</param>
/// <param name="Draw">64 random bits.</param>
internal readonly record struct SelectionRequest(ReadOnlyMemory<PrefixHash> Prefix, int PromptTokens, int BlockTokens, long Turn, ulong Draw)
{
    private static readonly RoutingOptions Defaults = new();
    private readonly RoutingOptions? _options;

    /// <summary>Weights, temperature, objectives; the defaults where none are given.</summary>
    public RoutingOptions Options
    {
        get => _options ?? Defaults;
        init => _options = value;
    }
}

/// <summary>The choice.</summary>
/// <param name="Index">Index of the candidate.</param>
/// <param name="Reason">Few words, the same for many choices: it is a metric's tag.</param>
internal readonly record struct Selection(int Index, string Reason)
{
    /// <summary>Index of a candidate that holds more of the prompt and should send it to the chosen one; null: compute it.</summary>
    public int? CopyFrom { get; init; }

    /// <summary>Seconds to the first token as predicted; null where the policy does not predict.</summary>
    public double? FirstTokenSeconds { get; init; }
}
