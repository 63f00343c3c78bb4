using Orleans.Placement;

namespace XLLM.Grains.Placement;

/// <summary>The grain lives where engines do, and not where a silo is about to stop: see <see cref="EngineSilosDirector"/>.</summary>
[GenerateSerializer, Immutable, SuppressReferenceTracking, Alias("xllm.engine-silos")]
internal sealed class EngineSilos(int order) : PlacementFilterStrategy(order)
{
    /// <summary>Orleans makes them by this one.</summary>
    public EngineSilos()
        : this(0)
    {
    }
}

/// <summary>Marks a grain class as one of <see cref="EngineSilos"/>. For every grain that keeps state: gateways come and go, and have no engine beside them.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class EngineSilosAttribute() : PlacementFilterAttribute(new EngineSilos());
