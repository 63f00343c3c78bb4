using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Pooling;
using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Grains.Interfaces.Prompts;

/// <summary>Messages or text to token ids and prefix hashes, with a model's own template and tokenizer. Stateless worker; key: model name.</summary>
[Alias("xllm.prompt"), GrainInterfaceType("xllm.prompt")]
public interface IPromptGrain : IGrainWithStringKey
{
    /// <summary>Renders the conversation by the model's chat template and encodes it.</summary>
    /// <exception cref="RequestException">Unknown model; the template refused the messages.</exception>
    [Alias("render")]
    Task<Prompt> RenderAsync([Immutable] ChatRequest request);

    /// <summary>Encodes text, with the special tokens that the tokenizer adds by itself.</summary>
    /// <exception cref="RequestException">Unknown model.</exception>
    [Alias("encode")]
    Task<Prompt> EncodeAsync([Immutable] CompletionRequest request);

    /// <summary>Encodes a query and a document in the form by which the model judges them.</summary>
    /// <exception cref="RequestException">Unknown model; it judges no documents.</exception>
    [Alias("pair")]
    Task<Prompt> EncodePairAsync([Immutable] RankRequest request);
}

/// <summary>A prompt in tokens.</summary>
/// <param name="TokenIds">At least one.</param>
/// <param name="PrefixHashes">One per full KV block.</param>
/// <param name="Model">The model whose template and tokenizer made it; its context bounds what may be asked of it.</param>
/// <param name="ReasoningOpen">The prompt ends inside a reasoning block, so the answer begins in it.</param>
/// <param name="ForcedText">Text at the prompt's end that belongs to the answer (the opening of a required tool call): the parser reads it first. Usually empty.</param>
/// <param name="Pictures">Its pictures, in order; null: none.</param>
[GenerateSerializer, Immutable, Alias("xllm.prompt-tokens")]
public sealed record Prompt(
    [property: Id(0)] int[] TokenIds, [property: Id(1)] PrefixHash[] PrefixHashes, [property: Id(4)] ModelDescriptor Model,
    [property: Id(2)] bool ReasoningOpen = false, [property: Id(3)] string ForcedText = "", [property: Id(5)] PromptPicture[]? Pictures = null);
