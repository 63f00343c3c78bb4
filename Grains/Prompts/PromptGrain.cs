using Orleans.Concurrency;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Pooling;
using XLLM.Grains.Interfaces.Prompts;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;
using XLLM.Grains.Routing;

namespace XLLM.Grains.Prompts;

/// <summary>Encodes in the caller's silo if that serves the model, else on a silo that does. No state; several activations per silo run side by side.</summary>
/// <remarks>Reentrant: a call that waits for a silo which died holds up no other one. There are only as many activations as processors.</remarks>
[GrainType("xllm.prompt"), StatelessWorker, Reentrant]
internal sealed class PromptGrain(IModelHost host, ReplicaRouting routing) : Grain, IPromptGrain
{
    /// <inheritdoc/>
    public async Task<Prompt> RenderAsync(ChatRequest request) => host.Find(this.GetPrimaryKeyString()) is { } model
        ? PromptEncoding.Render(model, request)
        : await ElsewhereAsync(replica => replica.RenderAsync(request));

    /// <inheritdoc/>
    public async Task<Prompt> EncodeAsync(CompletionRequest request) => host.Find(this.GetPrimaryKeyString()) is { } model
        ? PromptEncoding.Encode(model, request)
        : await ElsewhereAsync(replica => replica.EncodeAsync(request));

    /// <inheritdoc/>
    public async Task<Prompt> EncodePairAsync(RankRequest request) => host.Find(this.GetPrimaryKeyString()) is { } model
        ? PromptEncoding.EncodePair(model, request)
        : await ElsewhereAsync(replica => replica.EncodePairAsync(request));

    /// <summary>Asks replicas, one after the other where silos were lost or let the model go: encoding changes nothing, so asking again is safe.</summary>
    private async Task<Prompt> ElsewhereAsync(Func<IReplicaPromptGrain, Task<Prompt>> ask)
    {
        var model = this.GetPrimaryKeyString();
        var lost = new List<ReplicaKey>();
        while (true)
        {
            var replica = (await routing.ChooseAsync(model, new RoutingRequest([], 0, [.. lost]))).Replica;
            try
            {
                return await ask(GrainFactory.GetGrain<IReplicaPromptGrain>(replica.ToString()));
            }
            catch (Exception exception) when (ReplicaLoss.Is(exception) || exception is RequestException { Code: RequestErrors.Unavailable })
            {
                lost.Add(replica);                  // in the end no replica is left, which ChooseAsync says
            }
        }
    }
}
