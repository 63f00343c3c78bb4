using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>Body of <c>POST /v1/embeddings</c>. Documentation of the wire: <see cref="Requests.EmbeddingParser"/> reads the JSON itself.</summary>
internal sealed record EmbeddingBody
{
    [Description("Name of a served model that makes embeddings.")]
    public required string Model { get; init; }

    [JsonShape("string", "string[]", "integer[]", "integer[][]")]
    [Description("Text, texts, token ids, or lists of token ids: one embedding each. To text the special tokens are added that the model was trained with, to token ids none.")]
    public required JsonElement Input { get; init; }

    [JsonPropertyName("encoding_format")]
    [Description("float: JSON numbers. base64: of little-endian float32. Default float.")]
    public string? EncodingFormat { get; init; }

    [Description("Leading numbers to keep; they are scaled to length one again. Default: all.")]
    [Range(1, int.MaxValue)]
    public int? Dimensions { get; init; }

    [Description("Lower is earlier.")]
    public int? Priority { get; init; }

    [JsonPropertyName("cache_salt")]
    [Description("Requests with different salts share no cached prefixes.")]
    [StringLength(1024, MinimumLength = 1)]
    public string? CacheSalt { get; init; }

    [Description("Ignored.")]
    public string? User { get; init; }
}
