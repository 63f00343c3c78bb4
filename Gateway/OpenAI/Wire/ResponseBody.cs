using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>Body of <c>POST /v1/responses</c>. Documentation of the wire: <see cref="Requests.ResponseParser"/> reads the JSON itself, to name every fault at once.</summary>
internal sealed record ResponseBody
{
    [Description("Name of a served model, as GET /v1/models lists it.")]
    public required string Model { get; init; }

    [JsonShape("string", "object[]")]
    [Description("Text of the user, or items: messages, function_call, function_call_output, reasoning.")]
    public required JsonElement Input { get; init; }

    [Description("System message of this response alone; not part of the conversation that later responses go on with.")]
    public string? Instructions { get; init; }

    [JsonPropertyName("previous_response_id")]
    [Description("The stored response whose conversation goes on here.")]
    public string? PreviousResponseId { get; init; }

    [Description("Send typed events while the answer is generated.")]
    public bool? Stream { get; init; }

    [Description("Answer at once; the response runs on by itself and is read with GET. Needs store.")]
    public bool? Background { get; init; }

    [Description("Keep the response, so that it can be read again and gone on with. Default true.")]
    public bool? Store { get; init; }

    [JsonPropertyName("max_output_tokens")]
    [Range(1, int.MaxValue)]
    public int? MaxOutputTokens { get; init; }

    [Range(0.0, 2.0)]
    public float? Temperature { get; init; }

    [JsonPropertyName("top_p")]
    [Range(0.0, 1.0)]
    public float? TopP { get; init; }

    [JsonPropertyName("top_logprobs")]
    [Range(0, 20)]
    public int? TopLogprobs { get; init; }

    [Description("message.output_text.logprobs adds log probabilities; reasoning.encrypted_content is ignored.")]
    public string[]? Include { get; init; }

    [Description("Functions that the model may call.")]
    public ResponseToolBody[]? Tools { get; init; }

    [JsonPropertyName("tool_choice")]
    [JsonShape("string", "object")]
    [Description("auto, none, required, or {\"type\":\"function\",\"name\":...}. Default auto.")]
    public JsonElement? ToolChoice { get; init; }

    [JsonPropertyName("parallel_tool_calls")]
    public bool? ParallelToolCalls { get; init; }

    [JsonShape("object")]
    [Description("{\"effort\":...} is handed to the model's chat template.")]
    public JsonElement? Reasoning { get; init; }

    [JsonShape("object")]
    [Description("{\"format\":{\"type\":\"text\"}}: only text is served.")]
    public JsonElement? Text { get; init; }

    [Description("Only disabled is served: a conversation that does not fit is refused, never cut.")]
    public string? Truncation { get; init; }

    [JsonShape("object")]
    [Description("Up to 16 texts, handed back with the response.")]
    public JsonElement? Metadata { get; init; }

    public string? User { get; init; }

    public long? Seed { get; init; }

    [JsonPropertyName("cache_salt")]
    public string? CacheSalt { get; init; }

    public int? Priority { get; init; }
}

/// <summary>A function that the model may call.</summary>
internal sealed record ResponseToolBody
{
    [Description("function.")]
    public required string Type { get; init; }

    [StringLength(256, MinimumLength = 1)]
    public required string Name { get; init; }

    public string? Description { get; init; }

    [JsonShape("object")]
    [Description("JSON schema of the arguments.")]
    public JsonElement? Parameters { get; init; }

    public bool? Strict { get; init; }
}
