namespace XLLM.Grains.Interfaces.Administration;

/// <summary>How the loading of one replica goes. The last one is <see cref="ModelLoadStage.Ready"/> or <see cref="ModelLoadStage.Failed"/>.</summary>
[GenerateSerializer, Immutable, Alias("xllm.model-load-event")]
public sealed record ModelLoadEvent
{
    /// <summary>The model's name.</summary>
    [Id(0)]
    public required string Model { get; init; }

    /// <summary>Name of the silo, for people.</summary>
    [Id(1)]
    public required string Silo { get; init; }

    /// <summary>Where it is.</summary>
    [Id(2)]
    public required ModelLoadStage Stage { get; init; }

    /// <summary>Bytes of weights that are loaded.</summary>
    [Id(3)]
    public long Bytes { get; init; }

    /// <summary>All of them; null where the end is not known.</summary>
    [Id(4)]
    public long? TotalBytes { get; init; }

    /// <summary>Why it failed, or what was loaded; null in between.</summary>
    [Id(5)]
    public string? Message { get; init; }
}

/// <summary>Where a loading is.</summary>
[GenerateSerializer, Alias("xllm.model-load-stage")]
public enum ModelLoadStage
{
    /// <summary>Weights are being loaded.</summary>
    Loading = 0,

    /// <summary>It serves.</summary>
    Ready = 1,

    /// <summary>It does not; <see cref="ModelLoadEvent.Message"/> says why.</summary>
    Failed = 2,

    /// <summary>It was unloaded.</summary>
    Unloaded = 3,
}
