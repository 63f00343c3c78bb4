using Orleans.Concurrency;
using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Grains.Routing;

/// <summary>Gives the silo's routing a place that callers reach. No state: what is known lies in <see cref="ReplicaRouting"/>.</summary>
/// <remarks>Reentrant, since a choice that waits for the catalog need not hold up another one.</remarks>
[GrainType("xllm.router"), StatelessWorker, Reentrant]
internal sealed class ModelRouterGrain(ReplicaRouting routing) : Grain, IModelRouterGrain
{
    /// <inheritdoc/>
    public Task<ReplicaChoice> ChooseAsync(RoutingRequest request) => routing.ChooseAsync(this.GetPrimaryKeyString(), request);

    /// <inheritdoc/>
    public Task EndedAsync(long ticket)
    {
        routing.Ended(this.GetPrimaryKeyString(), ticket);
        return Task.CompletedTask;
    }
}
