using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Placement;

/// <summary>Reads the silo out of the key. A silo that is gone is an error, never another silo: the address has the silo's generation, so a restarted silo is another one.</summary>
internal sealed class SiloPinnedDirector : IPlacementDirector
{
    /// <inheritdoc/>
    /// <exception cref="SiloUnavailableException">The key names no silo, or one that is not in the cluster.</exception>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var key = target.GrainIdentity.Key.ToString() ?? "";
        var wanted = SiloOf(key);
        var silos = context.GetCompatibleSilos(target);
        return Array.Exists(silos, silo => silo.Equals(wanted))
            ? Task.FromResult(wanted)
            : throw new SiloUnavailableException($"silo {wanted} of replica '{key}' is not among the {silos.Length} silos that serve replicas");
    }

    private static SiloAddress SiloOf(string key)
    {
        try
        {
            return SiloAddress.FromParsableString(ReplicaKey.Parse(key).Silo);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or OverflowException)
        {
            throw new SiloUnavailableException($"replica '{key}' names no silo: {exception.Message}", exception);
        }
    }
}
