using Orleans.GrainDirectory;
using Orleans.Runtime;

namespace XLLM.Grains.Placement;

/// <summary>The directory of grains whose key names their silo: it remembers nothing, since <see cref="SiloPinnedDirector"/> reads where they are.</summary>
/// <remarks>
/// Orleans' own directory keeps a grain's entry on a silo that its key hashes to, and when that silo dies, every other silo deactivates the grains whose entries were there.
/// A replica and the streams out of it must not end because some other machine died (measured: a kill among four silos broke the streams of the three that lived, one in four of them).
/// Within its silo a grain is found by its id, and no other silo can hold it, so nothing is lost.
/// </remarks>
internal sealed class PinnedDirectory : IGrainDirectory
{
    /// <summary>Its name among directories.</summary>
    internal const string Name = "xllm.pinned";

    /// <summary>Agrees.</summary>
    public Task<GrainAddress?> Register(GrainAddress address) => Task.FromResult<GrainAddress?>(address);

    /// <summary>Agrees: an earlier activation was in the same silo, and is over.</summary>
    public Task<GrainAddress?> Register(GrainAddress address, GrainAddress? previousAddress) => Task.FromResult<GrainAddress?>(address);

    /// <summary>Does nothing.</summary>
    public Task Unregister(GrainAddress address) => Task.CompletedTask;

    /// <summary>Knows nothing: the grain's placement says where it is.</summary>
    public Task<GrainAddress?> Lookup(GrainId grainId) => Task.FromResult<GrainAddress?>(null);

    /// <summary>Does nothing.</summary>
    public Task UnregisterSilos(List<SiloAddress> siloAddresses) => Task.CompletedTask;
}
