using Orleans.Concurrency;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Administration;
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
    /// <summary>Silos that are asked before the caller is told: a rolling restart can take the first two while they are asked.</summary>
    private const int MostSilos = 3;

    /// <inheritdoc/>
    public async Task<Prompt> RenderAsync(ChatRequest request) => host.Find(this.GetPrimaryKeyString()) is { } model
        ? PromptEncoding.Render(model, request)
        : await ElsewhereAsync(replica => replica.RenderAsync(request));

    /// <inheritdoc/>
    public async Task<Prompt> EncodeAsync(CompletionRequest request) => host.Find(this.GetPrimaryKeyString()) is { } model
        ? PromptEncoding.Encode(model, request)
        : await ElsewhereAsync(replica => replica.EncodeAsync(request));

    /// <summary>Encoding changes nothing, so a silo that goes or unloads the model meanwhile is no answer: another one is asked.</summary>
    private async Task<Prompt> ElsewhereAsync(Func<IReplicaPromptGrain, Task<Prompt>> encode)
    {
        var lost = new List<ReplicaKey>();
        for (var silos = 1; ; silos++)
        {
            var replica = await ChooseAsync(lost);
            try
            {
                return await encode(GrainFactory.GetGrain<IReplicaPromptGrain>(replica.ToString()));
            }
            catch (Exception exception) when (silos < MostSilos && (ReplicaLoss.Is(exception) || exception is RequestException { Code: RequestErrors.Unavailable }))
            {
                lost.Add(replica);
            }
        }
    }

    private async Task<ReplicaKey> ChooseAsync(List<ReplicaKey> lost)
    {
        var model = this.GetPrimaryKeyString();
        try
        {
            return await ChooseAsync(model, lost);
        }
        catch (RequestException none) when (none.Code == RequestErrors.ModelNotFound || lost.Count > 0)
        {
            // Nobody serves it, or those that did went; but somebody may be allowed to load it now.
            if (!await GrainFactory.GetGrain<IDeploymentGrain>(0).DemandAsync(model))
            {
                throw;
            }
        }

        lost.Clear();                               // it may serve again where it was lost, under the same key
        return await ChooseAsync(model, lost);
    }

    private async Task<ReplicaKey> ChooseAsync(string model, List<ReplicaKey> lost) => (await routing.ChooseAsync(model, new RoutingRequest([], 0, [.. lost]))).Replica;
}
