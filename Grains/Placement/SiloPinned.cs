using Orleans.Metadata;
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

/// <summary>Marks a grain class as <see cref="SiloPinned"/>, known to <see cref="PinnedDirectory"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class SiloPinnedAttribute() : PlacementAttribute(SiloPinned.Singleton)
{
    /// <inheritdoc/>
    public override void Populate(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties)
    {
        ArgumentNullException.ThrowIfNull(properties);
        base.Populate(services, grainClass, grainType, properties);
        properties[WellKnownGrainTypeProperties.GrainDirectory] = PinnedDirectory.Name;
    }
}
