using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Grains.Interfaces.Replicas;

/// <summary>All generations of one caller on one silo, over one stream: every reply carries whatever all of them have to say (decision D6). Key: "silo/caller"; pinned to that silo, and the caller is one connection.</summary>
[Alias("xllm.replica-streams"), GrainInterfaceType("xllm.replica-streams")]
public interface IReplicaStreamsGrain : IGrainWithStringKey
{
    /// <summary>The events of all lanes, each lane's in order. Ends only when its reader leaves, which aborts all of the caller's generations.</summary>
    [Alias("listen")]
    IAsyncEnumerable<GenerationBatch> ListenAsync(CancellationToken cancellationToken = default);

    /// <summary>Starts a generation; its events come through <see cref="ListenAsync"/>, the last one a <see cref="GenerationEnded"/>.</summary>
    /// <param name="lane">Names it to this caller; never used before.</param>
    /// <param name="request">A checked request.</param>
    /// <exception cref="RequestException">The silo does not serve the model.</exception>
    [Alias("start")]
    Task StartAsync(int lane, [Immutable] GenerationRequest request);

    /// <summary>Nobody reads a lane any more: its generation is aborted within one step. One that has ended is no fault.</summary>
    [Alias("leave")]
    Task LeaveAsync(int lane);
}

/// <summary>Events of several generations.</summary>
/// <param name="Lanes">By event: its lane.</param>
/// <param name="Events">The events, each lane's in order.</param>
[GenerateSerializer, Immutable, Alias("xllm.generation-batch")]
public sealed record GenerationBatch([property: Id(0)] int[] Lanes, [property: Id(1)] GenerationEvent[] Events);
