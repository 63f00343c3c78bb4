using System.ComponentModel;
using System.Text.Json.Serialization;
using XLLM.Grains.Interfaces.Catalog;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>A served model.</summary>
internal sealed record ModelObject
{
    public required string Id { get; init; }

    [Description("model")]
    public string Object { get; } = "model";

    [Description("When it was loaded, Unix seconds.")]
    public required long Created { get; init; }

    [JsonPropertyName("owned_by")]
    public string OwnedBy { get; } = "xllm";

    [JsonPropertyName("max_model_len")]
    [Description("Most tokens of prompt and answer together.")]
    public required int MaxModelLen { get; init; }

    public required string Architecture { get; init; }

    [Description("Number of weights.")]
    public required long Parameters { get; init; }

    /// <summary>A model as clients see it.</summary>
    public static ModelObject From(ModelDescriptor model) =>
        new() { Id = model.Name, Created = model.Created, MaxModelLen = model.MaxContext, Architecture = model.Architecture, Parameters = model.Parameters };
}

/// <summary>All served models.</summary>
internal sealed record ModelList
{
    [Description("list")]
    public string Object { get; } = "list";

    public required ModelObject[] Data { get; init; }
}
