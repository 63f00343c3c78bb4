using System.Globalization;
using System.Text.Json;
using XLLM.Grains.Interfaces.Pooling;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>Reads a body of <c>POST /v1/rerank</c>, in the form of Jina and Cohere. Pure.</summary>
internal static class RerankParser
{
    /// <summary>Fields of other servers that would change the answer.</summary>
    private static readonly string[] Unsupported = ["rank_fields", "max_chunks_per_doc", "max_tokens_per_doc", "truncate", "truncation", "truncate_prompt_tokens", "overlap_tokens", "return_embeddings"];

    /// <summary>Reads the body.</summary>
    /// <param name="body">A JSON object.</param>
    /// <param name="requestId">Unique; documents after the first get a number behind it.</param>
    /// <param name="options">Bounds.</param>
    public static Parsed<RerankCall> Parse(JsonElement body, string requestId, GatewayOptions options)
    {
        List<Fault> faults = [];
        var fields = new JsonFields(body, "", faults);
        UnsupportedFields.Check(fields, Unsupported);
        var model = RequestParser.Model(fields);
        var query = Query(fields);
        var instruction = fields.Text("instruction");
        var priority = fields.Integer("priority", int.MinValue) ?? 0;
        var salt = SamplingParser.CacheSalt(fields);
        var documents = Documents(fields, options, faults);
        var top = fields.Integer("top_n", 1);
        var returns = fields.Flag("return_documents") ?? true;
        var call = new RerankCall(
            [.. documents.Select((document, i) => new RankRequest
            {
                RequestId = i == 0 ? requestId : string.Create(CultureInfo.InvariantCulture, $"{requestId}-{i}"),
                Model = model,
                Query = query,
                Document = document,
                Instruction = instruction,
                Priority = priority,
                CacheSalt = salt,
            })],
            Math.Min(top ?? int.MaxValue, documents.Length),
            returns);
        return faults.Count == 0 ? new(call, []) : new(null, faults);
    }

    private static string Query(JsonFields fields)
    {
        var query = fields.RequiredText("query");
        if (query.Length == 0 && fields.Find("query") is { ValueKind: JsonValueKind.String })
        {
            fields.Fault("query", "is empty");
        }

        return query;
    }

    private static string[] Documents(JsonFields fields, GatewayOptions options, List<Fault> faults)
    {
        if (fields.Find("documents") is null)
        {
            fields.Fault("documents", "is missing");
            return [];
        }

        if (fields.List("documents", options.MaxInputs) is not { } list)
        {
            return [];
        }

        if (list.GetArrayLength() == 0)
        {
            fields.Fault("documents", "is empty; at least one document is needed");
        }

        return [.. list.EnumerateArray().Select((document, i) => Document(document, string.Create(CultureInfo.InvariantCulture, $"documents[{i}]"), faults))];
    }

    private static string Document(JsonElement document, string path, List<Fault> faults)
    {
        var text = document.ValueKind switch
        {
            JsonValueKind.String => document.GetString()!,
            JsonValueKind.Object => new JsonFields(document, path, faults).RequiredText("text"),
            _ => null,
        };
        if (text is null)
        {
            faults.Add(new(path, $"{path} must be a string or an object with a text, but is {JsonFields.Show(document)}"));
        }
        else if (text.Length == 0 && (document.ValueKind == JsonValueKind.String || (document.TryGetProperty("text", out var given) && given.ValueKind == JsonValueKind.String)))
        {
            faults.Add(new(path, $"{path} is empty"));
        }

        return text ?? "";
    }
}
