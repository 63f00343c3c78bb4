using XLLM.Silo.KvCache;
using XLLM.Silo.Models;

namespace XLLM.Silo.Execution;

/// <summary>What a model's groups of layers keep to how their KV blocks are lent. A kind of group is a rule and a line here.</summary>
internal static class KvGroupRules
{
    /// <summary>One rule per group, in order.</summary>
    public static IReadOnlyList<KvGroupRule> For(KvLayout layout) => [.. layout.Groups.Select(For)];

    private static KvGroupRule For(KvGroup group) => group.Kind switch
    {
        KvGroupKind.FullAttention or KvGroupKind.Latent => new FullAttentionRule(),
        _ => throw new ArgumentOutOfRangeException(nameof(group), group.Kind, "no rule says how this kind of group grows"),
    };
}
