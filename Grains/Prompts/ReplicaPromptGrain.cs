using Orleans.Placement;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Pooling;
using XLLM.Grains.Interfaces.Prompts;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Placement;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Prompts;

/// <summary>Encodes with the model of the silo that its key names. No state; apart from <see cref="Replicas.ModelReplicaGrain"/>, so that a long text does not hold up the tokens of others.</summary>
[GrainType("xllm.replica-prompt"), SiloPinned, Immovable]
internal sealed class ReplicaPromptGrain(IModelHost host) : Grain, IReplicaPromptGrain
{
    /// <inheritdoc/>
    public Task<Prompt> RenderAsync(ChatRequest request) => Task.FromResult(PromptEncoding.Render(Hosted(), request));

    /// <inheritdoc/>
    public Task<Prompt> EncodeAsync(CompletionRequest request) => Task.FromResult(PromptEncoding.Encode(Hosted(), request));

    /// <inheritdoc/>
    public Task<Prompt> EncodePairAsync(RankRequest request) => Task.FromResult(PromptEncoding.EncodePair(Hosted(), request));

    private IHostedModel Hosted()
    {
        var model = ReplicaKey.Parse(this.GetPrimaryKeyString()).Model;
        return host.Find(model) ?? throw new RequestException(RequestErrors.Unavailable, $"silo {RuntimeIdentity} does not serve '{model}' now");
    }
}
