using Orleans.Concurrency;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Pooling;
using XLLM.Grains.Interfaces.Prompts;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;
using XLLM.Grains.Routing;

namespace XLLM.Grains.Prompts;

/// <summary>Encodes in the caller's silo if that serves the model, else on a silo that does. No state; several activations per silo run side by side.</summary>
[GrainType("xllm.prompt"), StatelessWorker]
internal sealed class PromptGrain(IModelHost host, ReplicaRouting routing) : Grain, IPromptGrain
{
    /// <inheritdoc/>
    public async Task<Prompt> RenderAsync(ChatRequest request) => host.Find(this.GetPrimaryKeyString()) is { } model
        ? PromptEncoding.Render(model, request)
        : await (await ElsewhereAsync()).RenderAsync(request);

    /// <inheritdoc/>
    public async Task<Prompt> EncodeAsync(CompletionRequest request) => host.Find(this.GetPrimaryKeyString()) is { } model
        ? PromptEncoding.Encode(model, request)
        : await (await ElsewhereAsync()).EncodeAsync(request);

    /// <inheritdoc/>
    public async Task<Prompt> EncodePairAsync(RankRequest request) => host.Find(this.GetPrimaryKeyString()) is { } model
        ? PromptEncoding.EncodePair(model, request)
        : await (await ElsewhereAsync()).EncodePairAsync(request);

    private async Task<IReplicaPromptGrain> ElsewhereAsync()
    {
        var choice = await routing.ChooseAsync(this.GetPrimaryKeyString(), new RoutingRequest([], 0, []));
        return GrainFactory.GetGrain<IReplicaPromptGrain>(choice.Replica.ToString());
    }
}
