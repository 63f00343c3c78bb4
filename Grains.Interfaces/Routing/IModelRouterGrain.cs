using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Interfaces.Routing;

/// <summary>Chooses a replica for each request. Stateless worker, so it runs in the caller's silo; key: model name.</summary>
[Alias("xllm.router"), GrainInterfaceType("xllm.router")]
public interface IModelRouterGrain : IGrainWithStringKey
{
    /// <summary>Chooses by the configured policy over the replicas' loads and prefixes.</summary>
    /// <exception cref="RequestException">No such model, or no replica of it can take requests now.</exception>
    [Alias("choose")]
    Task<ReplicaChoice> ChooseAsync([Immutable] RoutingRequest request);
}

/// <summary>What a choice depends on.</summary>
/// <param name="Prefix">Hashes of the prompt's full KV blocks, in order.</param>
/// <param name="PromptTokens">Tokens that are pending when the generation starts: those of the prompt and, after a resume, the generated ones.</param>
/// <param name="Excluded">Replicas that this generation has lost; never chosen.</param>
[GenerateSerializer, Immutable, Alias("xllm.routing-request")]
public sealed record RoutingRequest(
    [property: Id(0)] PrefixHash[] Prefix, [property: Id(1)] int PromptTokens, [property: Id(2)] ReplicaKey[] Excluded);

/// <summary>The replica, and why.</summary>
/// <param name="Replica">Key of the replica's grain.</param>
/// <param name="Reason">For logs: "only replica", "longest prefix", ...</param>
[GenerateSerializer, Immutable, Alias("xllm.replica-choice")]
public sealed record ReplicaChoice([property: Id(0)] ReplicaKey Replica, [property: Id(1)] string Reason);
