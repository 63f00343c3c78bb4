using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using XLLM.Gateway.Http;
using XLLM.Gateway.OpenAI;

namespace XLLM.Gateway.Explorer;

/// <summary>What the OpenAPI document says beyond what the endpoints' metadata does: shapes of fields that may hold several, errors, event streams, headers.</summary>
internal static class ApiDocument
{
    /// <summary>Configures the document.</summary>
    public static void Configure(OpenApiOptions options)
    {
        options.ShouldInclude = description => description.RelativePath?.StartsWith("v1/", StringComparison.Ordinal) == true && !AdminDocument.Has(description.RelativePath);
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new()
            {
                Title = "XLLM.Orleans",
                Version = "v1",
                Description = "Large language models on Orleans, behind OpenAI's HTTP API. Fields that this document does not name are ignored; fields of other servers that would change the answer are refused.",
            };
            document.Servers = [];      // wherever the document came from
            document.Components?.Schemas?.Remove(nameof(System.Text.Json.JsonElement));     // WireSchemas says what it stood for
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            WireSchemas.Refine(schema, context.JsonTypeInfo);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(async (operation, context, cancel) =>
        {
            foreach (var (status, response) in operation.Responses ?? [])
            {
                Describe(status, (OpenApiResponse)response);
            }

            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<StreamsAttribute>().FirstOrDefault() is { } streams)
            {
                var chunk = await context.GetOrCreateSchemaAsync(streams.Chunk, null, cancel);
                AddStream(operation, streams.Chunk.Name, chunk);
            }
        });
    }

    private static void Describe(string status, OpenApiResponse response)
    {
        if (int.TryParse(status, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 400)
        {
            var codes = ErrorMapping.Table.Where(entry => entry.Value.Status == number).Select(entry => entry.Key).Order(StringComparer.Ordinal);
            response.Description = $"An error; code is one of: {string.Join(", ", codes)}.";
            if (number is 429 or 503)
            {
                AddHeader(response, "Retry-After", "Seconds to wait before the same request may succeed.");
            }
        }

        AddRequestId(response);
    }

    /// <summary>Every answer has it.</summary>
    internal static void AddRequestId(OpenApiResponse response) => AddHeader(response, RequestIds.Header, "The request's id: the caller's, or a new one.");

    private static void AddHeader(OpenApiResponse response, string name, string description)
    {
        response.Headers ??= new Dictionary<string, IOpenApiHeader>();
        response.Headers[name] = new OpenApiHeader { Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
    }

    /// <summary>Says that with <c>stream</c> the answer is events.</summary>
    internal static void AddStream(OpenApiOperation operation, string name, OpenApiSchema chunk)
    {
        var answer = (OpenApiResponse)operation.Responses!["200"];
        answer.Description = "The answer: one JSON object, or with stream true server-sent events.";
        answer.Content ??= new Dictionary<string, OpenApiMediaType>();
        answer.Content["text/event-stream"] = new()
        {
            Schema = new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                Description = $"Lines 'data: {name}', an empty line after each; last 'data: [DONE]'. Lines that begin with a colon are comments. "
                    + "An error in mid-stream is 'data: {\"error\":{...}}', the last event. The schema of each event is in x-event-schema.",
                Extensions = new Dictionary<string, IOpenApiExtension> { ["x-event-schema"] = new EventSchema(chunk) },
                Examples = [JsonValue.Create("data: {...}\n\ndata: [DONE]\n\n")],
            },
        };
    }

    private sealed class EventSchema(OpenApiSchema chunk) : IOpenApiExtension
    {
        public void Write(IOpenApiWriter writer, OpenApiSpecVersion specVersion) => chunk.SerializeAsV31(writer);
    }
}
