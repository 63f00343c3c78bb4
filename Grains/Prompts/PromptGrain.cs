using Orleans.Concurrency;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Prompts;
using XLLM.Grains.Interfaces.Replicas;
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
        : await ElsewhereAsync(replica => replica.RenderAsync(request));

    /// <inheritdoc/>
    public async Task<Prompt> EncodeAsync(CompletionRequest request) => host.Find(this.GetPrimaryKeyString()) is { } model
        ? PromptEncoding.Encode(model, request)
        : await ElsewhereAsync(replica => replica.EncodeAsync(request));

    /// <summary>Asks replicas, one after the other where silos were lost: encoding changes nothing, so asking again is safe.</summary>
    private async Task<Prompt> ElsewhereAsync(Func<IReplicaPromptGrain, Task<Prompt>> ask)
    {
        var lost = new List<ReplicaKey>();
        while (true)
        {
            var choice = await routing.ChooseAsync(this.GetPrimaryKeyString(), new RoutingRequest([], 0, [.. lost]));
            try
            {
                return await ask(GrainFactory.GetGrain<IReplicaPromptGrain>(choice.Replica.ToString()));
            }
            catch (Exception exception) when (ReplicaLoss.Is(exception))
            {
                lost.Add(choice.Replica);           // in the end no replica is left, which ChooseAsync says
            }
        }
    }
}
