using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using XLLM.Grains.Interfaces.Administration;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Parsing;
using XLLM.Grains.Interfaces.Pooling;
using XLLM.Grains.Interfaces.Prompts;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Interfaces.Sessions;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>The platform over grains: prompt, replica, events. Runs in whatever process asks: a gateway, a business service, a session's silo.</summary>
internal sealed class InferenceClient(
    IGrainFactory grains, ITokenTransport transport, IOptions<InferenceClientOptions> options, TimeProvider clock,
    ClientInstruments instruments, ILogger<InferenceClient> logger) : IInferenceClient
{
    /// <inheritdoc/>
    public IAsyncEnumerable<ChatEvent> ChatAsync(ChatRequest request, CancellationToken cancellationToken = default) =>
        request.SessionId is { } session ? SessionTurn.RunAsync(grains.GetGrain<ISessionGrain>(session), FixedSeed.Of(request), clock, cancellationToken) : TurnAsync(request, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<CompletionEvent> CompleteAsync(CompletionRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        RequestValidator.Check(request);
        var prompt = await PromptAsync(request.Model, prompts => prompts.EncodeAsync(request), cancellationToken);
        TaskCheck.Require(prompt.Model, ModelTasks.Generate);
        ContextLimit.Check(prompt.Model, prompt.TokenIds.Length, request.Stop.MaxTokens, "prompt");
        var generation = new GenerationRequest
        {
            RequestId = request.RequestId,
            Model = request.Model,
            PromptTokens = prompt.TokenIds,
            Sampling = FixedSeed.Of(request.Sampling),
            Stop = request.Stop,
            TopLogprobs = request.TopLogprobs,
            Priority = request.Priority,
            CacheSalt = request.CacheSalt,
        };

        await foreach (var next in GenerateAsync(generation, prompt, null, cancellationToken))
        {
            yield return new CompletionEvent(prompt.TokenIds.Length, next);
        }
    }

    /// <inheritdoc/>
    public async Task<EmbeddingAnswer> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken = default)
    {
        RequestValidator.Check(request);
        var input = new CompletionRequest { RequestId = request.RequestId, Model = request.Model, Prompt = request.Text, PromptTokens = request.Tokens, CacheSalt = request.CacheSalt };
        var prompt = await PromptAsync(request.Model, prompts => prompts.EncodeAsync(input), cancellationToken);
        TaskCheck.Require(prompt.Model, ModelTasks.Embed);
        var pooling = new PoolingParameters(PoolingKind.Embedding, request.Dimensions);
        var (values, usage) = await PoolAsync(request.RequestId, prompt, pooling, request.Priority, request.CacheSalt, cancellationToken);
        return new(values, usage);
    }

    /// <inheritdoc/>
    public async Task<RankAnswer> RankAsync(RankRequest request, CancellationToken cancellationToken = default)
    {
        RequestValidator.Check(request);
        var prompt = await PromptAsync(request.Model, prompts => prompts.EncodePairAsync(request), cancellationToken);
        var (values, usage) = await PoolAsync(request.RequestId, prompt, new PoolingParameters(PoolingKind.Score), request.Priority, request.CacheSalt, cancellationToken);
        return new(values[0], usage);
    }

    /// <inheritdoc/>
    public Task<ModelDescriptor[]> ListModelsAsync() => LossPatience.CallAsync(() => grains.GetGrain<IModelCatalogGrain>(0).ListModelsAsync(), clock);

    /// <inheritdoc/>
    public Task<string[]> ListLoadableModelsAsync() => LossPatience.CallAsync(() => grains.GetGrain<IDeploymentGrain>(0).ListLoadableAsync(), clock);

    /// <inheritdoc/>
    public Task<SessionSnapshot?> GetSessionAsync(string sessionId) => LossPatience.CallAsync(() => grains.GetGrain<ISessionGrain>(sessionId).GetAsync(), clock);

    /// <inheritdoc/>
    public Task<bool> DeleteSessionAsync(string sessionId) => grains.GetGrain<ISessionGrain>(sessionId).DeleteAsync();

    /// <summary>Asks for tokens. The model may have to be loaded first, which takes longer than a call between silos may: it is waited for here, where the reader can leave.</summary>
    private async Task<Prompt> PromptAsync(string model, Func<IPromptGrain, Task<Prompt>> ask, CancellationToken cancellationToken)
    {
        var demand = new ModelDemand(grains, clock, model);
        while (true)
        {
            try
            {
                return await GrainCalls.RetryOnLossAsync(() => ask(grains.GetGrain<IPromptGrain>(model)));
            }
            catch (RequestException none)
            {
                if (!await demand.ComesAsync(none, cancellationToken))
                {
                    throw;
                }
            }
        }
    }

    private async IAsyncEnumerable<ChatEvent> TurnAsync(ChatRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        RequestValidator.Check(request);
        var prompt = await PromptAsync(request.Model, prompts => prompts.RenderAsync(request), cancellationToken);
        TaskCheck.Require(prompt.Model, ModelTasks.Generate);
        ContextLimit.Check(prompt.Model, prompt.TokenIds.Length, request.Stop.MaxTokens, "messages");
        var generation = new GenerationRequest
        {
            RequestId = request.RequestId,
            Model = request.Model,
            PromptTokens = prompt.TokenIds,
            Sampling = FixedSeed.Of(request.Sampling),
            Stop = request.Stop,
            TopLogprobs = request.TopLogprobs,
            Priority = request.Priority,
            CacheSalt = request.CacheSalt,
            Pictures = prompt.Pictures ?? [],
            SkipSpecialTokens = !ChatOutputParsers.NeedsSpecialTokens(prompt.Model, request),
        };

        var assembler = new ChatAssembler(ChatOutputParsers.Create(prompt.Model, request, prompt.ReasoningOpen), prompt.ForcedText, prompt.TokenIds.Length);
        var events = new List<ChatEvent>();
        await foreach (var next in GenerateAsync(generation, prompt, request.LastTurn, cancellationToken))
        {
            events.Clear();
            foreach (var piece in TokenPieces.Of(next))
            {
                assembler.Add(piece, events);
            }

            foreach (var told in events)
            {
                yield return told;
            }
        }
    }

    /// <summary>A generation whose one event is its end, with the result.</summary>
    private async Task<(float[] Values, Usage Usage)> PoolAsync(
        string requestId, Prompt prompt, PoolingParameters pooling, int priority, string? cacheSalt, CancellationToken cancellationToken)
    {
        ContextLimit.Check(prompt.Model, prompt.TokenIds.Length, maxTokens: 0, "input");
        var request = new GenerationRequest
        {
            RequestId = requestId, Model = prompt.Model.Name, PromptTokens = prompt.TokenIds, Pooling = pooling, Priority = priority, CacheSalt = cacheSalt,
        };
        GenerationEnded? last = null;
        await foreach (var next in GenerateAsync(request, prompt, lastTurn: null, cancellationToken))
        {
            last = next as GenerationEnded;
        }

        cancellationToken.ThrowIfCancellationRequested();
        return last is { Pooled: { Length: > 0 } values }
            ? (values, last.Usage)
            : throw new RequestException(RequestErrors.EngineFailed, last?.Message ?? $"the replica of {prompt.Model.Name} gave no result: it ended with {last?.Reason}");
    }

    private async IAsyncEnumerable<GenerationEvent> GenerateAsync(
        GenerationRequest request, Prompt prompt, PrefixHolder? lastTurn, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var first = true;
        var generation = new DurableGeneration(grains, transport, options.Value, clock, instruments, logger);
        await foreach (var next in generation.RunAsync(request, prompt.PrefixHashes, lastTurn, cancellationToken))
        {
            if (first && next is TokensGenerated)
            {
                first = false;
                instruments.FirstToken(request.Model, clock.GetElapsedTime(started));
            }
            else if (next is GenerationEnded ended)
            {
                instruments.Ended(request.Model, ended, clock.GetElapsedTime(started));
            }

            yield return next;
        }
    }
}
