using System.ComponentModel;
using System.Text.Json.Serialization;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>An event of a response's stream; which fields it has follows from its type.</summary>
internal sealed record ResponseEventObject
{
    [Description("response.created, response.output_text.delta, response.completed, ...")]
    public required string Type { get; init; }

    [JsonPropertyName("sequence_number")]
    [Description("From 0, without gaps, the same whenever the stream is read: hand it back as starting_after.")]
    public required int SequenceNumber { get; init; }

    public ResponseObject? Response { get; init; }

    [JsonPropertyName("output_index")]
    public int? OutputIndex { get; init; }

    [JsonPropertyName("item_id")]
    public string? ItemId { get; init; }

    [JsonPropertyName("content_index")]
    public int? ContentIndex { get; init; }

    public ResponseItemObject? Item { get; init; }

    public ResponseContentObject? Part { get; init; }

    public string? Delta { get; init; }

    public string? Text { get; init; }

    public string? Name { get; init; }

    public string? Arguments { get; init; }

    public TokenLogprobObject[]? Logprobs { get; init; }
}
