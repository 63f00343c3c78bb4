using Microsoft.Extensions.AI;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Pooling;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>The platform as an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/>: embeddings through grains, without HTTP.</summary>
public sealed class XllmEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    /// <summary>Inputs of one call that are computed at a time: half of the sequences that an engine runs by default, so that others have room beside it.</summary>
    private const int MostAtOnce = 32;

    private readonly IInferenceClient _inference;
    private readonly TimeProvider _clock;
    private readonly EmbeddingGeneratorMetadata _metadata;

    /// <summary>Creates one.</summary>
    /// <param name="inference">Answers.</param>
    /// <param name="defaultModel">Asked where <see cref="EmbeddingGenerationOptions.ModelId"/> is not set. Null: the only model that makes embeddings.</param>
    /// <param name="clock">Stamps the results; null: the system's.</param>
    public XllmEmbeddingGenerator(IInferenceClient inference, string? defaultModel = null, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(inference);
        _inference = inference;
        _clock = clock ?? TimeProvider.System;
        _metadata = new EmbeddingGeneratorMetadata("xllm", defaultModelId: defaultModel);
    }

    /// <inheritdoc/>
    /// <exception cref="RequestException">The request cannot be served, or failed.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        var inputs = values.ToArray();
        var model = options?.ModelId ?? _metadata.DefaultModelId ?? await OnlyModelAsync();
        var answers = new EmbeddingAnswer[inputs.Length];
        var id = $"embd-{Guid.NewGuid():n}";
        await Parallel.ForEachAsync(
            Enumerable.Range(0, inputs.Length),
            new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = cancellationToken },
            async (i, cancel) => answers[i] = await _inference.EmbedAsync(
                new EmbeddingRequest { RequestId = $"{id}-{i}", Model = model, Text = inputs[i], Dimensions = options?.Dimensions }, cancel));
        var created = _clock.GetUtcNow();
        var tokens = answers.Sum(answer => (long)answer.Usage.PromptTokens);
        return new(answers.Select(answer => new Embedding<float>(answer.Values) { ModelId = model, CreatedAt = created }))
        {
            Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens, CachedInputTokenCount = answers.Sum(answer => (long)answer.Usage.CachedTokens) },
        };
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this
            : serviceType.IsInstanceOfType(_inference) ? _inference
            : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The inference client is the container's.
    }

    private async Task<string> OnlyModelAsync()
    {
        var models = (await _inference.ListModelsAsync()).Where(model => model.Tasks.HasFlag(ModelTasks.Embed)).Select(model => model.Name).ToArray();
        return models switch
        {
            [var only] => only,
            [] => throw new RequestException(RequestErrors.Unavailable, "no model that makes embeddings is served now"),
            _ => throw new RequestException(
                RequestErrors.InvalidValue, $"{models.Length} models make embeddings, so the request must name one: {string.Join(", ", models)}", "model"),
        };
    }
}
