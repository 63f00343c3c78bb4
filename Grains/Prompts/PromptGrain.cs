using Orleans.Concurrency;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Administration;
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
internal sealed class PromptGrain(IModelHost host, ReplicaRouting routing, TimeProvider clock) : Grain, IPromptGrain
{
    /// <summary>How long a model that was just loaded may take to be known to routers: a silo announces it when it is loaded, and a busy one some beats later.</summary>
    private static readonly TimeSpan AnnouncementPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

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
        long? demanded = null;                      // when it was loaded for this request
        while (true)
        {
            ReplicaKey replica;
            try
            {
                replica = (await routing.ChooseAsync(model, new RoutingRequest([], 0, [.. lost]))).Replica;
            }
            catch (RequestException none) when (demanded is { } at && none.Code == RequestErrors.ModelNotFound && clock.GetElapsedTime(at) < AnnouncementPatience)
            {
                await Task.Delay(LookAgain, clock);
                continue;
            }
            catch (RequestException none) when (demanded is null && (none.Code == RequestErrors.ModelNotFound || lost.Count > 0))
            {
                // Nobody serves it, or those that did went; but somebody may be allowed to load it now.
                if (!await GrainFactory.GetGrain<IDeploymentGrain>(0).DemandAsync(model))
                {
                    throw;
                }

                demanded = clock.GetTimestamp();
                lost.Clear();                       // it may serve again where it was lost, under the same key
                continue;
            }

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
