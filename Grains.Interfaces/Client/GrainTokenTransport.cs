using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>One grain stream per generation. In one process the events are passed by reference; across silos every reply carries all that is ready.</summary>
internal sealed class GrainTokenTransport(IGrainFactory grains) : ITokenTransport
{
    /// <inheritdoc/>
    public IAsyncEnumerable<GenerationEvent> GenerateAsync(ReplicaKey replica, GenerationRequest request, CancellationToken cancellationToken) =>
        grains.GetGrain<IModelReplicaGrain>(replica.ToString()).GenerateAsync(request, cancellationToken);
}
