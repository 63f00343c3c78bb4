using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Silo.KvCache;
using XLLM.Silo.Pooling;
using XLLM.Silo.Sampling;
using XLLM.Silo.Sequences;
using XLLM.Silo.Tokenization;
using XLLM.Silo.Vision;

namespace XLLM.Silo.Engine;

/// <summary>Requests to sequences, on the caller's thread: checks, hashes and replays, so that the loop only has to queue. Thread-safe.</summary>
/// <param name="model">What is served.</param>
/// <param name="blocks">Asked for what never changes: its size, and empty tables.</param>
/// <param name="tokenizer">The model's.</param>
/// <param name="inbox">Where generations go.</param>
/// <param name="clock">Dates arrivals.</param>
/// <param name="drawSeed">Draws a seed for a request without one. Thread-safe.</param>
internal sealed class RequestIntake(
    ServedModel model, KvBlockManager blocks, ITokenizer tokenizer, GenerationInbox inbox, TimeProvider clock, Func<long> drawSeed)
{
    private long _lastSequence;

    /// <summary>Starts a generation, or refuses it by its first and last event.</summary>
    /// <exception cref="Grains.Interfaces.RequestException">The request has token ids that the model has not, or an empty stop string.</exception>
    public Generation Start(GenerationRequest request)
    {
        RequestChecks.Check(request, model);
        var places = PictureChecks.Places(request, model);
        var reader = new Generation(tokenizer, request.TopLogprobs);
        var arrived = clock.GetTimestamp();
        if (Fault(request) is { } tooLong)
        {
            Refuse(reader, request, EndReason.TooLong, tooLong);
            return reader;
        }

        if (inbox.TryEnterQueue(out var message) is { } refused)
        {
            Refuse(reader, request, refused, message);
            return reader;
        }

        var generation = Create(request, places, reader, arrived);
        if (generation is null)
        {
            inbox.LeaveQueue();
        }
        else if (!inbox.TryAdd(generation))
        {
            inbox.LeaveQueue();
            Refuse(reader, request, EndReason.Unavailable, "the replica stops");
        }

        return reader;
    }

    /// <summary>Why a request could never run here, or null.</summary>
    private string? Fault(GenerationRequest request)
    {
        if (request.Pooling is not null)
        {
            return request.PromptTokens.Length > model.MaxContext
                ? $"the input has {request.PromptTokens.Length} tokens, but the context is {model.MaxContext} tokens"
                : null;
        }

        var present = request.PromptTokens.Length + request.GeneratedTokens.Length;
        if (request.PromptTokens.Length >= model.MaxContext)
        {
            return $"the prompt has {request.PromptTokens.Length} tokens, but the context is {model.MaxContext} tokens with at least one to generate";
        }

        if (present > model.MaxContext)
        {
            return $"prompt and continued output have {present} tokens, but the context is {model.MaxContext} tokens";
        }

        var total = (long)request.PromptTokens.Length + (request.Stop.MaxTokens ?? 0);
        if (total > model.MaxContext)
        {
            return $"{request.PromptTokens.Length} tokens of prompt and {request.Stop.MaxTokens} tokens to generate are {total}, but the context is {model.MaxContext} tokens";
        }

        var most = MaxTokens(request);
        return blocks.FitsWhenAlone(most)
            ? null
            : $"{most} tokens do not fit the KV cache of {blocks.TotalBlocks} blocks of {blocks.BlockTokens} tokens";
    }

    /// <summary>Most tokens of prompt and output.</summary>
    private int MaxTokens(GenerationRequest request) =>
        request.Pooling is not null ? request.PromptTokens.Length + 1
        : request.Stop.MaxTokens is { } asked ? request.PromptTokens.Length + asked : model.MaxContext;

    /// <summary>Makes the sequence and replays what an earlier run generated; null, and the reader knows, if that already meets a stop condition.</summary>
    private ActiveGeneration? Create(GenerationRequest request, PicturePlacement[] places, Generation reader, long arrived)
    {
        var stops = request.Stop;
        var maxTokens = MaxTokens(request);
        var endTokens = stops.IgnoreEndToken ? [] : model.EndTokens;
        var generation = new ActiveGeneration(
            request,
            new StopCondition(endTokens, stops.TokenIds, stops.MinTokens, maxTokens - request.PromptTokens.Length),
            new OutputText(tokenizer, request.SkipSpecialTokens, stops.Strings.Count == 0 ? null : new StopStrings(stops.Strings), stops.IncludeStopText),
            reader,
            tokenizer,
            arrived);
        if (generation.Replay(request.GeneratedTokens, out var textPosition) is { } ended)
        {
            reader.End(ended);
            return null;
        }

        var settings = SamplingSettings.From(
            request.Sampling, model.SamplingDefaults, drawSeed(), [.. endTokens, .. stops.TokenIds], stops.MinTokens, request.TopLogprobs);
        generation.Sequence = new Sequence(
            new SequenceId(Interlocked.Increment(ref _lastSequence)),
            request.PromptTokens,
            request.GeneratedTokens,
            maxTokens,
            request.Priority,
            blocks.CreateTables(),
            new PrefixChain(PrefixHash.Root(model.Name, request.CacheSalt), blocks.BlockTokens, PictureMark.Of(request.Pictures)),
            new SamplerState(settings, request.PromptTokens, request.GeneratedTokens))
        {
            CopyFrom = request.CopyFrom,
            Pooler = Pooler(request.Pooling),
            Pictures = places.Length == 0 ? null : new SequencePictures(request.Pictures, places, request.PromptTokens.Length),
        };
        reader.Begin(() => inbox.Abort(generation), request.GeneratedTokens.Length, textPosition);
        return generation;
    }

    private IPooler? Pooler(PoolingParameters? pooling) => pooling switch
    {
        null => null,
        { Kind: PoolingKind.Score } => new ScorePooler(model.ScoreTokens!.Value.Yes, model.ScoreTokens.Value.No),
        { Dimensions: { } dimensions } when dimensions < model.EmbeddingSize => new EmbeddingPooler(dimensions, normalizes: true),
        _ => new EmbeddingPooler(model.EmbeddingSize, model.NormalizesEmbeddings),
    };

    private static void Refuse(Generation reader, GenerationRequest request, EndReason reason, string? message) => reader.End(new GenerationEnded
    {
        Reason = reason,
        Usage = new Usage(request.PromptTokens.Length, 0, request.GeneratedTokens.Length),
        Message = message,
    });
}
