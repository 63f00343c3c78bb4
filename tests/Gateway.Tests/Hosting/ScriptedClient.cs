using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Pooling;
using XLLM.Grains.Interfaces.Sessions;

namespace XLLM.Gateway.Tests.Hosting;

/// <summary>The platform behind the gateway's one port. Tests say what it answers; what was asked can be read.</summary>
internal sealed class ScriptedClient : IInferenceClient
{
    public const string Model = "tiny";

    public ConcurrentQueue<ChatRequest> ChatRequests { get; } = [];

    public ConcurrentQueue<CompletionRequest> CompletionRequests { get; } = [];

    public ConcurrentDictionary<string, SessionSnapshot> Sessions { get; } = [];

    /// <summary>Models that a request would load.</summary>
    public string[] Loadable { get; set; } = [];

    /// <summary>Completes when an enumeration was left, for whatever reason.</summary>
    public Channel<string> Left { get; } = Channel.CreateUnbounded<string>();

    /// <summary>Answers a chat request. Default: "Hello" and " world".</summary>
    public Func<ChatRequest, CancellationToken, IAsyncEnumerable<ChatEvent>> Chat { get; set; } = (_, _) => Answer("Hello", " world");

    /// <summary>Answers a completion. Default: " two" and " three".</summary>
    public Func<CompletionRequest, CancellationToken, IAsyncEnumerable<CompletionEvent>> Complete { get; set; } = (_, _) => Continue(" two", " three");

    public static ChatEnded Ended(EndReason reason = EndReason.Stop, bool calledTools = false, string? message = null, string? stopText = null) =>
        new() { Reason = reason, CalledTools = calledTools, Message = message, StopText = stopText, Usage = new(PromptTokens: 5, CachedTokens: 3, GeneratedTokens: 7, ReasoningTokens: 2) };

    public static async IAsyncEnumerable<ChatEvent> Events(params ChatEvent[] events)
    {
        foreach (var next in events)
        {
            await Task.Yield();
            yield return next;
        }
    }

    public static IAsyncEnumerable<ChatEvent> Answer(params string[] texts) => Events([new ChatStarted(5), .. texts.Select(text => new ContentDelta(text)), Ended()]);

    public static async IAsyncEnumerable<CompletionEvent> Continue(params string[] texts)
    {
        var (position, textPosition) = (0, 0);
        foreach (var text in texts)
        {
            await Task.Yield();
            yield return new(4, new TokensGenerated { Position = position++, TextPosition = textPosition, TokenIds = [9], Text = text });
            textPosition += text.Length;
        }

        yield return new(4, new GenerationEnded { Reason = EndReason.Length, Usage = new(4, 1, texts.Length) });
    }

    public async IAsyncEnumerable<ChatEvent> ChatAsync(ChatRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ChatRequests.Enqueue(request);
        Known(request.Model);
        try
        {
            await foreach (var next in Chat(request, cancellationToken).WithCancellation(cancellationToken))
            {
                yield return next;
            }
        }
        finally
        {
            Left.Writer.TryWrite(request.RequestId);
        }
    }

    public async IAsyncEnumerable<CompletionEvent> CompleteAsync(CompletionRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        CompletionRequests.Enqueue(request);
        Known(request.Model);
        await foreach (var next in Complete(request, cancellationToken).WithCancellation(cancellationToken))
        {
            yield return next;
        }
    }

    /// <summary>Answers an embedding. Default: the input's length, then 0.5.</summary>
    public Func<EmbeddingRequest, EmbeddingAnswer> Embed { get; set; } =
        request => new([request.Text?.Length ?? request.Tokens!.Length, 0.5f], new(PromptTokens: request.Text?.Length ?? request.Tokens!.Length, CachedTokens: 1, GeneratedTokens: 0));

    /// <summary>Answers a rank. Default: the longer the document the better.</summary>
    public Func<RankRequest, RankAnswer> Rank { get; set; } = request => new(request.Document.Length / 100f, new(PromptTokens: 10, CachedTokens: 2, GeneratedTokens: 0));

    public ConcurrentQueue<EmbeddingRequest> EmbeddingRequests { get; } = [];

    public ConcurrentQueue<RankRequest> RankRequests { get; } = [];

    public async Task<EmbeddingAnswer> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        EmbeddingRequests.Enqueue(request);
        Known(request.Model);
        return Embed(request);
    }

    public async Task<RankAnswer> RankAsync(RankRequest request, CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        RankRequests.Enqueue(request);
        Known(request.Model);
        return Rank(request);
    }

    public Task<string[]> ListLoadableModelsAsync() => Task.FromResult(Loadable);

    public Task<ModelDescriptor[]> ListModelsAsync() => Task.FromResult<ModelDescriptor[]>(
        [new() { Name = Model, Architecture = "TinyForCausalLM", MaxContext = 4096, VocabularySize = 300, BlockTokens = 16, Parameters = 12, Created = 1_700_000_000 }]);

    public Task<SessionSnapshot?> GetSessionAsync(string sessionId) => Task.FromResult(Sessions.GetValueOrDefault(sessionId));

    public Task<bool> DeleteSessionAsync(string sessionId) => Task.FromResult(Sessions.TryRemove(sessionId, out _));

    private static void Known(string model)
    {
        if (model != Model)
        {
            throw new RequestException(RequestErrors.ModelNotFound, $"The model '{model}' does not exist.", "model");
        }
    }
}
