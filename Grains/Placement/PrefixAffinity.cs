using Orleans.Placement;
using Orleans.Runtime;

namespace XLLM.Grains.Placement;

/// <summary>The grain lives beside the KV blocks of its conversation: see <see cref="PrefixAffinityDirector"/>.</summary>
[GenerateSerializer, Immutable, SuppressReferenceTracking, Alias("xllm.prefix-affinity")]
internal sealed class PrefixAffinity : PlacementStrategy
{
    /// <summary>The only one that is needed.</summary>
    internal static readonly PrefixAffinity Singleton = new();
}

/// <summary>Marks a grain class as placed by <see cref="PrefixAffinity"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class PrefixAffinityAttribute() : PlacementAttribute(PrefixAffinity.Singleton);
