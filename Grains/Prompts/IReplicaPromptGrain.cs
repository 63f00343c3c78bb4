using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Pooling;
using XLLM.Grains.Interfaces.Prompts;

namespace XLLM.Grains.Prompts;

/// <summary>The template and tokenizer of a model on another silo, for silos that do not serve it. Key: replica key.</summary>
[Alias("xllm.replica-prompt"), GrainInterfaceType("xllm.replica-prompt")]
internal interface IReplicaPromptGrain : IGrainWithStringKey
{
    /// <summary>As <see cref="IPromptGrain.RenderAsync"/>.</summary>
    [Alias("render")]
    Task<Prompt> RenderAsync([Immutable] ChatRequest request);

    /// <summary>As <see cref="IPromptGrain.EncodeAsync"/>.</summary>
    [Alias("encode")]
    Task<Prompt> EncodeAsync([Immutable] CompletionRequest request);

    /// <summary>As <see cref="IPromptGrain.EncodePairAsync"/>.</summary>
    [Alias("pair")]
    Task<Prompt> EncodePairAsync([Immutable] RankRequest request);
}
