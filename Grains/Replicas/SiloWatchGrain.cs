using Orleans.Concurrency;
using Orleans.Runtime;
using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Replicas;

/// <summary>Hands on what the membership knows. No state.</summary>
[GrainType("xllm.silo-watch"), StatelessWorker]
internal sealed class SiloWatchGrain(ISiloStatusOracle silos) : Grain, ISiloWatchGrain
{
    /// <inheritdoc/>
    public Task<string[]> FindDeadAsync(string[] addresses) =>
        Task.FromResult(Array.FindAll(addresses, address => silos.IsDeadSilo(SiloAddress.FromParsableString(address))));
}
