using XLLM.Silo.KvCache;
using XLLM.Silo.Models;

namespace XLLM.Silo.Execution;

/// <summary>What a model's groups of layers keep to how their KV blocks are lent. A kind of group is a rule and a line here.</summary>
internal static class KvGroupRules
{
    /// <summary>One rule per group, in order.</summary>
    /// <param name="layout">What the layers keep.</param>
    /// <param name="geometry">How it lies in KV blocks.</param>
    public static IReadOnlyList<KvGroupRule> For(KvLayout layout, KvGeometry geometry) => [.. layout.Groups.Select(group => For(group, geometry))];

    private static KvGroupRule For(KvGroup group, KvGeometry geometry) => group.Kind switch
    {
        KvGroupKind.RecurrentState => new RecurrentStateRule(geometry.StateBlocks),
        KvGroupKind.FullAttention or KvGroupKind.Latent => new FullAttentionRule(),
        _ => throw new ArgumentOutOfRangeException(nameof(group), group.Kind, "no rule says how this kind of group grows"),
    };
}
