using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;
using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Grains.Placement;

/// <summary>Leaves the silos with engines that do not drain; all with engines where all of them drain; all where there is no engine. A grain in the wrong place serves better than none.</summary>
internal sealed class EngineSilosDirector(ISiloMetadataCache metadata, DrainingSilos draining) : IPlacementFilterDirector
{
    /// <inheritdoc/>
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos)
    {
        SiloAddress[] all = [.. silos];
        var engines = Array.FindAll(all, silo => SiloRoles.Of(metadata.GetSiloMetadata(silo).Metadata) != SiloRole.Gateway);
        var staying = Array.FindAll(engines, silo => !draining.Contains(silo));
        return staying.Length > 0 ? staying : engines.Length > 0 ? engines : all;
    }
}
