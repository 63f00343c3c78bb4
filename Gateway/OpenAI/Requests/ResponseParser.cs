using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using XLLM.Gateway.OpenAI.Wire;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>A body of <c>POST /v1/responses</c> to a checked request, or to the list of all its faults. Pure.</summary>
internal static class ResponseParser
{
    /// <summary>OpenAI's bounds of <c>metadata</c>.</summary>
    private const int MaxMetadata = 16;
    private const int MaxMetadataName = 64;
    private const int MaxMetadataText = 512;
    private const string Logprobs = "message.output_text.logprobs";

    /// <summary>Fields of OpenAI's that would change the answer and that this server does not do.</summary>
    private static readonly string[] Unsupported = ["prompt", "conversation", "max_tool_calls", "context_management"];

    /// <summary>Reads the body.</summary>
    /// <param name="body">A JSON object.</param>
    /// <param name="responseId">Unique; also the turn's request id.</param>
    /// <param name="options">Bounds.</param>
    public static Parsed<ResponseCall> Parse(JsonElement body, string responseId, GatewayOptions options)
    {
        List<Fault> faults = [];
        var fields = new JsonFields(body, "", faults);
        UnsupportedFields.Check(fields, [.. UnsupportedFields.Common, .. Unsupported]);
        var model = fields.RequiredText("model");
        if (model.Length == 0 && fields.Find("model") is { ValueKind: JsonValueKind.String })
        {
            fields.Fault("model", "is empty");
        }

        var messages = ResponseInputParser.Parse(fields, options, faults);
        var tools = ResponseToolParser.Parse(fields, options, faults);
        var echo = new ResponseEcho
        {
            Instructions = fields.Text("instructions"),
            PreviousResponseId = Previous(fields),
            Background = fields.Flag("background") ?? false,
            Store = fields.Flag("store") ?? true,
            MaxOutputTokens = fields.Integer("max_output_tokens", 1),
            Temperature = fields.Real("temperature", 0, 2),
            TopP = fields.Real("top_p", 0, 1, above: true),
            TopLogprobs = fields.Integer("top_logprobs", 0, SamplingParser.MaxTopLogprobs) ?? 0,
            Tools = Copy(fields.Find("tools")) ?? Empty("[]"),
            ToolChoice = Copy(fields.Find("tool_choice")) ?? Empty("\"auto\""),
            ParallelToolCalls = fields.Flag("parallel_tool_calls") ?? true,
            Reasoning = Reasoning(fields, faults),
            Metadata = Metadata(fields) ?? Empty("{}"),
            User = fields.Text("user"),
        };
        Check(fields, echo, faults);
        var wantsLogprobs = Include(fields);
        var request = new ChatRequest
        {
            RequestId = responseId,
            Model = model,
            Messages = messages,
            ToolsJson = tools.Json,
            ToolChoice = tools.Choice,
            ToolChoiceName = tools.ChoiceName,
            ParallelToolCalls = echo.ParallelToolCalls,
            TemplateVariablesJson = echo.Reasoning.Effort is { } effort ? new JsonObject { ["reasoning_effort"] = effort }.ToJsonString() : null,
            Sampling = new SamplingParameters { Temperature = echo.Temperature, TopP = echo.TopP, Seed = fields.Long("seed", long.MinValue, long.MaxValue) },
            Stop = new StopParameters { MaxTokens = echo.MaxOutputTokens },
            TopLogprobs = wantsLogprobs ? echo.TopLogprobs : null,
            Priority = fields.Integer("priority", int.MinValue) ?? 0,
            CacheSalt = SamplingParser.CacheSalt(fields),
        };
        var stream = fields.Flag("stream") ?? false;
        return faults.Count == 0 ? new(new ResponseCall(request, echo, stream), []) : new(null, faults);
    }

    private static void Check(JsonFields fields, ResponseEcho echo, List<Fault> faults)
    {
        if (echo is { Background: true, Store: false })
        {
            fields.Fault("background", "needs store true: nobody could read the response");
        }

        if (fields.Text("truncation") is { } truncation && truncation != "disabled")
        {
            fields.Unsupported("truncation", $"'{truncation}' is not supported by this server: a conversation that does not fit is refused, never cut");
        }

        if (fields.Find("text", JsonValueKind.Object, "an object") is { } text
            && new JsonFields(text, "text", faults).Find("format", JsonValueKind.Object, "an object") is { } format
            && new JsonFields(format, "text.format", faults).RequiredText("type") is var type && type.Length > 0 && type != "text")
        {
            fields.Unsupported("text.format", $"'{type}' is not supported by this server yet: only 'text' is");
        }
    }

    private static string? Previous(JsonFields fields)
    {
        var previous = fields.Text("previous_response_id");
        if (previous is not null && !SessionIds.IsValid(previous))
        {
            fields.Fault("previous_response_id", SessionIds.Rule);
        }

        return previous;
    }

    private static bool Include(JsonFields fields)
    {
        var wanted = false;
        foreach (var (i, one) in (fields.Find("include", JsonValueKind.Array, "an array")?.EnumerateArray() ?? default).Index())
        {
            var name = one.ValueKind == JsonValueKind.String ? one.GetString() : null;
            wanted |= name == Logprobs;
            if (name is not (Logprobs or "reasoning.encrypted_content"))
            {
                fields.Unsupported($"include[{i}]", $"is {JsonFields.Show(one)}: only {Logprobs} is supported by this server");
            }
        }

        return wanted;
    }

    private static ResponseReasoning Reasoning(JsonFields fields, List<Fault> faults)
    {
        if (fields.Find("reasoning", JsonValueKind.Object, "an object") is not { } element)
        {
            return new();
        }

        var reasoning = new JsonFields(element, "reasoning", faults);
        var effort = reasoning.Text("effort");
        if (effort is not null && !RequestParser.Efforts.Contains(effort))
        {
            reasoning.Fault("effort", $"must be one of {string.Join(", ", RequestParser.Efforts)}, but is '{effort}'");
        }

        return new() { Effort = effort };
    }

    private static JsonElement? Metadata(JsonFields fields)
    {
        if (fields.Find("metadata", JsonValueKind.Object, "an object of texts") is not { } metadata)
        {
            return null;
        }

        var count = metadata.EnumerateObject().Count();
        if (count > MaxMetadata)
        {
            fields.Fault("metadata", string.Create(CultureInfo.InvariantCulture, $"has {count} entries, but at most {MaxMetadata} are allowed"));
        }

        foreach (var entry in metadata.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.String || entry.Name.Length > MaxMetadataName || entry.Value.GetString()!.Length > MaxMetadataText)
            {
                fields.Fault("metadata", string.Create(
                    CultureInfo.InvariantCulture, $"must have names of at most {MaxMetadataName} and texts of at most {MaxMetadataText} characters, but has {JsonFields.Show(entry.Value)}"));
                break;
            }
        }

        return metadata.Clone();
    }

    private static JsonElement? Copy(JsonElement? element) => element is { } one ? Empty(RawJson.Text(one)) : null;

    private static JsonElement Empty(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
