using Orleans.Runtime;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>Ends the connections of a <see cref="MultiplexedTokenTransport"/> while its client can still tell the silos: the container disposes it when the client has stopped.</summary>
/// <remarks>Clients only. In a silo that stops, turns of its grains may still run, and their readers are to see a lost silo and not a turn that failed for want of a connection.</remarks>
internal sealed class TransportLifetime(ITokenTransport transport) : ILifecycleParticipant<IClusterClientLifecycle>
{
    /// <inheritdoc/>
    public void Participate(IClusterClientLifecycle observer)
    {
        if (transport is MultiplexedTokenTransport multiplexed)
        {
            observer.Subscribe(
                nameof(TransportLifetime), ServiceLifecycleStage.Active, _ => Task.CompletedTask, cancellationToken => multiplexed.CloseAsync().WaitAsync(cancellationToken));
        }
    }
}
