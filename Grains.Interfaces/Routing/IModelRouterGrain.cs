using Orleans.Concurrency;
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

    /// <summary>What was chosen for has ended, so that it no longer counts to its replica's load. Nobody waits for it; a choice that another silo made is not known here, and its replica's next announcement tells as well.</summary>
    /// <param name="ticket"><see cref="ReplicaChoice.Ticket"/>.</param>
    [Alias("ended"), OneWay]
    Task EndedAsync(long ticket);
}

/// <summary>What a choice depends on.</summary>
/// <param name="Prefix">Hashes of the prompt's full KV blocks, in order.</param>
/// <param name="PromptTokens">Tokens that are pending when the generation starts: those of the prompt and, after a resume, the generated ones.</param>
/// <param name="Excluded">Replicas that this generation has lost; never chosen.</param>
/// <param name="LastTurn">Where the conversation's last turn ran, or null: counts while nothing better is known of what that replica holds.</param>
[GenerateSerializer, Immutable, Alias("xllm.routing-request")]
public sealed record RoutingRequest(
    [property: Id(0)] PrefixHash[] Prefix, [property: Id(1)] int PromptTokens, [property: Id(2)] ReplicaKey[] Excluded, [property: Id(3)] PrefixHolder? LastTurn = null);

/// <summary>A replica that has computed the beginning of a prompt.</summary>
/// <param name="Replica">Its key.</param>
/// <param name="Tokens">Tokens from the first one that it had computed when it was last heard of.</param>
[GenerateSerializer, Immutable, Alias("xllm.prefix-holder")]
public sealed record PrefixHolder([property: Id(0)] ReplicaKey Replica, [property: Id(1)] int Tokens);

/// <summary>The replica, and why.</summary>
/// <param name="Replica">Key of the replica's grain.</param>
/// <param name="Reason">For logs: "only replica", "longest prefix", ...</param>
/// <param name="CopyFrom">Who holds more of the prompt's KV blocks than the chosen replica and should send them to it, or null: compute them.</param>
/// <param name="Ticket">Names this choice; 0 from silos that count none.</param>
[GenerateSerializer, Immutable, Alias("xllm.replica-choice")]
public sealed record ReplicaChoice([property: Id(0)] ReplicaKey Replica, [property: Id(1)] string Reason, [property: Id(2)] PrefixHolder? CopyFrom = null, [property: Id(3)] long Ticket = 0);
