using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>Body of <c>POST /v1/rerank</c>. Documentation of the wire: <see cref="Requests.RerankParser"/> reads the JSON itself.</summary>
internal sealed record RerankBody
{
    [Description("Name of a served model that judges documents.")]
    public required string Model { get; init; }

    [Description("What is looked for.")]
    public required string Query { get; init; }

    [JsonShape("string[]", "object[]")]
    [Description("Texts, or objects with a text.")]
    public required JsonElement Documents { get; init; }

    [JsonPropertyName("top_n")]
    [Description("Most results. Default: all.")]
    [Range(1, int.MaxValue)]
    public int? TopN { get; init; }

    [JsonPropertyName("return_documents")]
    [Description("Repeat each document's text beside its score. Default true.")]
    public bool? ReturnDocuments { get; init; }

    [Description("What it means to answer the query. Default: the model's own.")]
    public string? Instruction { get; init; }

    [Description("Lower is earlier.")]
    public int? Priority { get; init; }

    [JsonPropertyName("cache_salt")]
    [Description("Requests with different salts share no cached prefixes.")]
    [StringLength(1024, MinimumLength = 1)]
    public string? CacheSalt { get; init; }

    [Description("Ignored.")]
    public string? User { get; init; }
}
