using System.Globalization;
using System.Text.Json;
using XLLM.Grains.Interfaces.Pooling;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>Reads a body of <c>POST /v1/embeddings</c>. Pure.</summary>
internal static class EmbeddingParser
{
    private static readonly string[] Formats = ["float", "base64"];

    /// <summary>Fields of other servers that would change the answer.</summary>
    private static readonly string[] Unsupported = ["truncate_prompt_tokens", "truncate", "task", "late_chunking", "embedding_type", "normalize", "normalized", "lora"];

    /// <summary>Reads the body.</summary>
    /// <param name="body">A JSON object.</param>
    /// <param name="requestId">Unique; inputs after the first get a number behind it.</param>
    /// <param name="options">Bounds.</param>
    public static Parsed<EmbeddingCall> Parse(JsonElement body, string requestId, GatewayOptions options)
    {
        List<Fault> faults = [];
        var fields = new JsonFields(body, "", faults);
        UnsupportedFields.Check(fields, Unsupported);
        var template = new EmbeddingRequest
        {
            RequestId = requestId,
            Model = RequestParser.Model(fields),
            Dimensions = fields.Integer("dimensions", 1),
            Priority = fields.Integer("priority", int.MinValue) ?? 0,
            CacheSalt = SamplingParser.CacheSalt(fields),
        };
        var format = fields.Text("encoding_format") ?? Formats[0];
        if (!Formats.Contains(format))
        {
            fields.Fault("encoding_format", $"must be one of {string.Join(", ", Formats)}, but is '{format}'");
        }

        var inputs = PromptParser.Parse(fields, "input", options.MaxInputs);
        var call = new EmbeddingCall(
            [.. inputs.Select((input, i) => template with { RequestId = i == 0 ? requestId : string.Create(CultureInfo.InvariantCulture, $"{requestId}-{i}"), Text = input.Text, Tokens = input.Tokens })],
            format == "base64");
        return faults.Count == 0 ? new(call, []) : new(null, faults);
    }
}
