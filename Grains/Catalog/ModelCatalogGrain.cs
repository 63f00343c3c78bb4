using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Placement;

namespace XLLM.Grains.Catalog;

/// <summary>Collects what silos announce. In memory: after a restart the next heartbeats fill it again.</summary>
/// <remarks>
/// Reentrant: a question that waits for heartbeats must not keep them out. No invariant spans an await.
/// A young activation cannot tell a model that nobody serves from one that was not announced again yet, nor can one whose machine stood still, so it waits (<see cref="AnnouncedReplicas.Wait"/>).
/// </remarks>
[GrainType("xllm.catalog"), Reentrant, Immovable, KeepAlive, EngineSilos]
internal sealed class ModelCatalogGrain(ISiloStatusOracle silos, IOptions<CatalogOptions> options, TimeProvider clock) : Grain, IModelCatalogGrain
{
    private readonly AnnouncedReplicas _replicas = new(options.Value.HeartbeatPeriod, options.Value.MissedHeartbeats);
    private readonly long _activated = clock.GetTimestamp();
    private TaskCompletionSource _announced = NewSignal();

    /// <inheritdoc/>
    public Task AnnounceAsync(string silo, ReplicaAnnouncement[] replicas)
    {
        foreach (var replica in replicas)
        {
            _replicas.Announce(replica, Age);
        }

        _replicas.Heard(silo, Age);
        _announced.TrySetResult();
        _announced = NewSignal();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task WithdrawAsync(ReplicaKey replica)
    {
        _replicas.Withdraw(replica);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<ModelDescriptor[]> ListModelsAsync() => WhenKnownAsync(_replicas.Models);

    /// <inheritdoc/>
    public Task<ReplicaAnnouncement[]> ListReplicasAsync(string model) => WhenKnownAsync(() => _replicas.Replicas(model));

    private TimeSpan Age => clock.GetElapsedTime(_activated);

    private async Task<T[]> WhenKnownAsync<T>(Func<T[]> read)
    {
        var asked = Age;
        while (true)
        {
            _replicas.Expire(Age, replica => silos.IsDeadSilo(SiloAddress.FromParsableString(replica.Silo)));
            var known = read();
            var wait = _replicas.Wait(known.Length > 0, asked, Age, silos.GetApproximateSiloStatuses(onlyActive: true).Keys.Select(silo => silo.ToParsableString()));
            if (wait <= TimeSpan.Zero)
            {
                return known;
            }

            await Task.WhenAny(_announced.Task, Task.Delay(wait, clock));
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
