using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Placement;

/// <summary>The silo that the caller or the moving grain hints at, since that is where its prefix is cached; without a hint, the same silo for the same grain as long as the cluster stays the same.</summary>
/// <remarks>
/// Orleans asks when a grain activates, so this decides where a conversation begins and where it moves to; the replica of each turn is chosen per request (decision D5).
/// A grain that comes back after it was collected finds its old place only by the second rule: its state, which knows better, is read after placement, and its next turn moves it.
/// Source of the second rule: Thaler and Ravishankar 1998, "Using name-based mappings to increase hit rates" (rendezvous hashing), IEEE/ACM ToN 6(1).
/// </remarks>
internal sealed class PrefixAffinityDirector : IPlacementDirector
{
    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var silos = context.GetCompatibleSilos(target);         // engines that stay, by the class' filters
        return Task.FromResult(IPlacementDirector.GetPlacementHint(target.RequestContextData, silos) ?? Rendezvous(target.GrainIdentity.GetUniformHashCode(), silos));
    }

    /// <summary>The silo of a replica, or null where its key names none.</summary>
    public static SiloAddress? SiloOf(ReplicaKey replica)
    {
        try
        {
            return SiloAddress.FromParsableString(replica.Silo);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or OverflowException)
        {
            return null;
        }
    }

    /// <summary>The silo with the highest hash of grain and silo: when a silo comes or goes, only the grains move that it gets or had.</summary>
    internal static SiloAddress Rendezvous(uint grain, ReadOnlySpan<SiloAddress> silos)
    {
        var (best, most) = (silos[0], 0UL);
        foreach (var silo in silos)
        {
            var score = Mix(((ulong)grain << 32) | (uint)silo.GetConsistentHashCode());
            if (score >= most)
            {
                (best, most) = (silo, score);
            }
        }

        return best;
    }

    /// <summary>The finalizer of SplitMix64. Source: Steele, Lea and Flood 2014 (OOPSLA).</summary>
    private static ulong Mix(ulong z)
    {
        unchecked
        {
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
