using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Grains.Interfaces.Pooling;

/// <summary>Asks for the embedding of one input.</summary>
[GenerateSerializer, Immutable, Alias("xllm.embedding-request")]
public sealed record EmbeddingRequest
{
    /// <summary>Unique; in logs.</summary>
    [Id(0)]
    public required string RequestId { get; init; }

    /// <summary>Model name.</summary>
    [Id(1)]
    public required string Model { get; init; }

    /// <summary>The input as text; exactly one of this and <see cref="Tokens"/> is set. The tokenizer adds the special tokens that the model was trained with.</summary>
    [Id(2)]
    public string? Text { get; init; }

    /// <summary>The input as token ids, taken as they are.</summary>
    [Id(3)]
    public int[]? Tokens { get; init; }

    /// <summary>Leading numbers to keep, then scaled to length one; 1 to the size of the model's embeddings. Null: all.</summary>
    [Id(4)]
    public int? Dimensions { get; init; }

    /// <summary>Lower is earlier. Default 0.</summary>
    [Id(5)]
    public int Priority { get; init; }

    /// <summary>See <see cref="GenerationRequest.CacheSalt"/>.</summary>
    [Id(6)]
    public string? CacheSalt { get; init; }
}

/// <summary>The embedding of one input.</summary>
/// <param name="Values">The numbers; of length one where the model's are.</param>
/// <param name="Usage">Tokens counted.</param>
public sealed record EmbeddingAnswer(float[] Values, Usage Usage);
