using System.ComponentModel;
using System.Text.Json.Serialization;
using XLLM.Grains.Interfaces.Catalog;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>A model that is served, or that a request would load.</summary>
internal sealed record ModelObject
{
    public required string Id { get; init; }

    [Description("model")]
    public string Object { get; } = "model";

    [Description("When it was loaded, Unix seconds; 0 while it is not.")]
    public required long Created { get; init; }

    [JsonPropertyName("owned_by")]
    public string OwnedBy { get; } = "xllm";

    [JsonPropertyName("max_model_len")]
    [Description("Most tokens of prompt and answer together. Known while it is loaded.")]
    public int? MaxModelLen { get; init; }

    [Description("Known while it is loaded.")]
    public string? Architecture { get; init; }

    [Description("Number of weights. Known while it is loaded.")]
    public long? Parameters { get; init; }

    [Description("Whether it is in memory. One that is not is loaded by the first request for it.")]
    public required bool Loaded { get; init; }

    /// <summary>A model as clients see it.</summary>
    public static ModelObject From(ModelDescriptor model) =>
        new() { Id = model.Name, Created = model.Created, MaxModelLen = model.MaxContext, Architecture = model.Architecture, Parameters = model.Parameters, Loaded = true };

    /// <summary>A model that a request would load.</summary>
    public static ModelObject Asleep(string name) => new() { Id = name, Created = 0, Loaded = false };
}

/// <summary>All models that may be asked for.</summary>
internal sealed record ModelList
{
    [Description("list")]
    public string Object { get; } = "list";

    public required ModelObject[] Data { get; init; }
}
