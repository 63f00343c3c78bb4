using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Placement;

/// <summary>Reads the silo out of the key. A silo that is gone is never another silo: the address has the silo's generation, so a restarted silo is another one.</summary>
/// <remarks>
/// A message to a silo that is known to be dead is refused at once by whoever sends it, so a dead silo is an answer like any other here. An exception would be taken for a passing fault:
/// Orleans would place the grain again three times, with pauses, and whoever waits for the loss of a stream would wait for those.
/// </remarks>
internal sealed class SiloPinnedDirector : IPlacementDirector
{
    /// <inheritdoc/>
    /// <exception cref="SiloUnavailableException">The key names no silo.</exception>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context) =>
        Task.FromResult(SiloOf(target.GrainIdentity.Key.ToString() ?? ""));

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
