using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Pooling;
using XLLM.Grains.Interfaces.Sessions;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>The platform as its callers see it: the gateway and business services use the same one.</summary>
public interface IInferenceClient
{
    /// <summary>Answers a chat turn. Nothing happens before the first move of the enumerator; leaving the enumeration aborts the generation.</summary>
    /// <exception cref="RequestException">On the first move: the request cannot be served.</exception>
    IAsyncEnumerable<ChatEvent> ChatAsync(ChatRequest request, CancellationToken cancellationToken = default);

    /// <summary>Completes text or tokens.</summary>
    /// <exception cref="RequestException">On the first move: the request cannot be served.</exception>
    IAsyncEnumerable<CompletionEvent> CompleteAsync(CompletionRequest request, CancellationToken cancellationToken = default);

    /// <summary>Makes the embedding of one input.</summary>
    /// <exception cref="RequestException">The request cannot be served, or failed.</exception>
    Task<EmbeddingAnswer> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken = default);

    /// <summary>Says how well one document answers a query.</summary>
    /// <exception cref="RequestException">The request cannot be served, or failed.</exception>
    Task<RankAnswer> RankAsync(RankRequest request, CancellationToken cancellationToken = default);

    /// <summary>The models that are served, by name.</summary>
    Task<ModelDescriptor[]> ListModelsAsync();

    /// <summary>Models that nobody serves now and that a request for them would load, by name.</summary>
    Task<string[]> ListLoadableModelsAsync();

    /// <summary>A stored conversation, or null.</summary>
    Task<SessionSnapshot?> GetSessionAsync(string sessionId);

    /// <summary>Forgets a conversation; false if there was none.</summary>
    Task<bool> DeleteSessionAsync(string sessionId);
}

/// <summary>An event of a completion, with the prompt's length known from the first one on.</summary>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="Event">What the engine said.</param>
public readonly record struct CompletionEvent(int PromptTokens, GenerationEvent Event);
