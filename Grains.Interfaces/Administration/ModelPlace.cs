namespace XLLM.Grains.Interfaces.Administration;

/// <summary>Which model, and where its files are.</summary>
/// <param name="Name">The name that requests use.</param>
/// <param name="Path">Folder or GGUF file on the silos that load it; null: each silo knows it by its own configuration.</param>
[GenerateSerializer, Immutable, Alias("xllm.model-place")]
public sealed record ModelPlace([property: Id(0)] string Name, [property: Id(1)] string? Path = null);
