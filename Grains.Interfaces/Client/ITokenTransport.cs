using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>How a replica's events reach a client: <see cref="GrainTokenTransport"/>, a stream for each generation; <see cref="MultiplexedTokenTransport"/>, one for all of a silo.</summary>
internal interface ITokenTransport
{
    /// <summary>Starts a generation on a replica and tells its events, in order, the last one a <see cref="GenerationEnded"/>.</summary>
    /// <remarks>Leaving the enumeration or cancelling aborts the generation within one step.</remarks>
    /// <exception cref="Exception">The replica is lost, see <see cref="ReplicaLoss"/>.</exception>
    IAsyncEnumerable<GenerationEvent> GenerateAsync(ReplicaKey replica, GenerationRequest request, CancellationToken cancellationToken);
}
