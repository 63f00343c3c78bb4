using Orleans.Placement;
using Orleans.Runtime;

namespace XLLM.Grains.Placement;

/// <summary>The grain lives on the silo that its key names (<see cref="Interfaces.Replicas.ReplicaKey"/>), or nowhere.</summary>
[GenerateSerializer, Immutable, SuppressReferenceTracking, Alias("xllm.silo-pinned")]
internal sealed class SiloPinned : PlacementStrategy
{
    /// <summary>The only one that is needed.</summary>
    internal static readonly SiloPinned Singleton = new();
}

/// <summary>Marks a grain class as <see cref="SiloPinned"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class SiloPinnedAttribute() : PlacementAttribute(SiloPinned.Singleton);
