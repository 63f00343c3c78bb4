using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Pooling;
using XLLM.Grains.Interfaces.Prompts;
using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Ports;

/// <summary>The models that this silo serves. Implemented by the silo, faked in tests.</summary>
public interface IModelHost
{
    /// <summary>All of them; empty in a silo without an engine.</summary>
    IReadOnlyList<IHostedModel> Models { get; }

    /// <summary>The model of that name, or null.</summary>
    IHostedModel? Find(string model);
}

/// <summary>A model loaded in this silo.</summary>
public interface IHostedModel
{
    /// <summary>What clients see.</summary>
    ModelDescriptor Descriptor { get; }

    /// <summary>Runs it.</summary>
    IInferenceEngine Engine { get; }

    /// <summary>Whether it is about to leave: it finishes what runs and takes nothing new.</summary>
    bool IsDraining => false;

    /// <summary>Its template and tokenizer.</summary>
    IPromptEncoder Prompts { get; }

    /// <summary>Which prefixes it can reuse; null where nothing is reused.</summary>
    IPrefixSource? Prefixes => null;

    /// <summary>Its KV blocks by tier; null where there is nothing to administer.</summary>
    IKvTiers? Tiers => null;
}

/// <summary>An engine: thread-safe front of the loop that computes. Knows nothing of grains.</summary>
public interface IInferenceEngine
{
    /// <summary>The load after the last step.</summary>
    ReplicaLoad Load { get; }

    /// <summary>Starts a generation. Never throws for a full queue or a request that does not fit: those are its first and last event.</summary>
    IGeneration Start(GenerationRequest request);
}

/// <summary>A running generation: its events, once, in order. Disposing it aborts it within one step and frees its KV blocks.</summary>
public interface IGeneration : IAsyncEnumerable<GenerationEvent>, IAsyncDisposable;

/// <summary>A model's template and tokenizer. Thread-safe.</summary>
public interface IPromptEncoder
{
    /// <summary>Renders a conversation by the model's chat template and encodes it.</summary>
    /// <exception cref="Interfaces.RequestException">The template refused the messages, or the model has none.</exception>
    RenderedPrompt Render(ChatRequest request);

    /// <summary>Encodes text, with the special tokens that the tokenizer adds by itself.</summary>
    int[] Encode(string text);

    /// <summary>Encodes a query and a document in the form by which the model judges them.</summary>
    /// <exception cref="Interfaces.RequestException">The model judges no documents.</exception>
    int[] EncodePair(RankRequest request);
}

/// <summary>A rendered conversation.</summary>
/// <param name="TokenIds">Its tokens.</param>
/// <param name="ReasoningOpen">The text ends inside a reasoning block.</param>
/// <param name="ForcedText">See <see cref="Interfaces.Prompts.Prompt.ForcedText"/>.</param>
/// <param name="Pictures">Its pictures, in order; null: none.</param>
public sealed record RenderedPrompt(int[] TokenIds, bool ReasoningOpen, string ForcedText, PromptPicture[]? Pictures = null);
