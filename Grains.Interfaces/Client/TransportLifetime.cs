using Orleans.Runtime;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>Ends the connections of a <see cref="MultiplexedTokenTransport"/> while its process can still tell the silos: the container disposes it when the client, or the silo, has stopped.</summary>
/// <remarks>In a client nothing runs beside it that needs them. In a silo its grains do until they are deactivated, so the connections end after that.</remarks>
internal sealed class TransportLifetime(ITokenTransport transport) : ILifecycleParticipant<IClusterClientLifecycle>, ILifecycleParticipant<ISiloLifecycle>
{
    /// <inheritdoc/>
    public void Participate(IClusterClientLifecycle observer) => Subscribe(observer, ServiceLifecycleStage.Active);

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle observer) => Subscribe(observer, ServiceLifecycleStage.RuntimeGrainServices);

    private void Subscribe(ILifecycleObservable observer, int stage)
    {
        if (transport is MultiplexedTokenTransport multiplexed)
        {
            observer.Subscribe(nameof(TransportLifetime), stage, _ => Task.CompletedTask, cancellationToken => multiplexed.CloseAsync().WaitAsync(cancellationToken));
        }
    }
}
