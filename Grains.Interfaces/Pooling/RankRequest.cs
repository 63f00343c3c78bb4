using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Grains.Interfaces.Pooling;

/// <summary>Asks how well one document answers a query.</summary>
[GenerateSerializer, Immutable, Alias("xllm.rank-request")]
public sealed record RankRequest
{
    /// <summary>Unique; in logs.</summary>
    [Id(0)]
    public required string RequestId { get; init; }

    /// <summary>Model name.</summary>
    [Id(1)]
    public required string Model { get; init; }

    /// <summary>What is looked for.</summary>
    [Id(2)]
    public required string Query { get; init; }

    /// <summary>What may answer it.</summary>
    [Id(3)]
    public required string Document { get; init; }

    /// <summary>What "answers" means; null: the model's own default.</summary>
    [Id(4)]
    public string? Instruction { get; init; }

    /// <summary>Lower is earlier. Default 0.</summary>
    [Id(5)]
    public int Priority { get; init; }

    /// <summary>See <see cref="GenerationRequest.CacheSalt"/>.</summary>
    [Id(6)]
    public string? CacheSalt { get; init; }
}

/// <summary>How well a document answers.</summary>
/// <param name="Score">0 to 1.</param>
/// <param name="Usage">Tokens counted.</param>
public sealed record RankAnswer(float Score, Usage Usage);
