using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Interfaces.Routing;

/// <summary>Chooses a replica for each request. Stateless worker, so it runs in the caller's silo; key: model name.</summary>
[Alias("xllm.router"), GrainInterfaceType("xllm.router")]
public interface IModelRouterGrain : IGrainWithStringKey
{
    /// <summary>Chooses by the configured policy over the replicas' loads and prefixes.</summary>
    /// <exception cref="RequestException">No such model, or no replica of it can take requests now.</exception>
    [Alias("choose")]
    Task<ReplicaChoice> ChooseAsync([Immutable] PrefixHash[] prefix, int promptTokens);
}

/// <summary>The replica, and why.</summary>
/// <param name="Replica">Key of the replica's grain.</param>
/// <param name="Reason">For logs: "only replica", "longest prefix", ...</param>
[GenerateSerializer, Immutable, Alias("xllm.replica-choice")]
public sealed record ReplicaChoice([property: Id(0)] ReplicaKey Replica, [property: Id(1)] string Reason);
