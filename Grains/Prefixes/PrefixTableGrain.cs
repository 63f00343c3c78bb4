using Orleans.Placement;
using XLLM.Grains.Placement;

namespace XLLM.Grains.Prefixes;

/// <summary>Gives a silo's prefix table a place that other silos reach. No state of its own.</summary>
/// <remarks>One batch at a time, so batches of one source are taken in the order in which they were sent.</remarks>
[GrainType("xllm.prefix-table"), SiloPinned, Immovable, KeepAlive]
internal sealed class PrefixTableGrain(PrefixTable table) : Grain, IPrefixTableGrain
{
    /// <inheritdoc/>
    public Task<long> ApplyAsync(PrefixBatch batch) => Task.FromResult(table.Apply(batch));
}
