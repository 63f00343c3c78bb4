using System.Text.Json;
using System.Text.Json.Nodes;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>Tools of a response, which are flat, in the nested form of chat, which templates and <see cref="ToolParser"/> know.</summary>
internal static class ResponseToolParser
{
    /// <summary>Reads <c>tools</c> and <c>tool_choice</c>; faults name the response's own fields.</summary>
    public static ToolParser.Tools Parse(JsonFields body, GatewayOptions options, List<Fault> faults)
    {
        var nested = new JsonObject();
        if (body.Find("tools", JsonValueKind.Array, "an array") is { } tools)
        {
            nested["tools"] = new JsonArray([.. tools.EnumerateArray().Select((tool, i) => Nested(tool, $"tools[{i}]", faults)).OfType<JsonNode>()]);
        }

        if (body.Find("tool_choice") is { } choice)
        {
            nested["tool_choice"] = choice.ValueKind == JsonValueKind.Object && choice.TryGetProperty("name", out var name)
                ? new JsonObject { ["type"] = Node(choice, "type"), ["function"] = new JsonObject { ["name"] = JsonNode.Parse(name.GetRawText()) } }
                : JsonNode.Parse(RawJson.Text(choice));
        }

        using var document = JsonDocument.Parse(nested.ToJsonString());
        return ToolParser.Parse(new JsonFields(document.RootElement, "", faults), options, faults);
    }

    private static JsonNode? Nested(JsonElement tool, string path, List<Fault> faults)
    {
        if (tool.ValueKind != JsonValueKind.Object)
        {
            return JsonNode.Parse(tool.GetRawText());       // the chat parser words the fault
        }

        if (tool.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && !type.ValueEquals("function"u8))
        {
            faults.Add(new($"{path}.type", $"{path}.type '{type.GetString()}' is not supported by this server: only functions are", ErrorMapping.UnsupportedParameter));
            return null;
        }

        var function = new JsonObject();
        foreach (var name in (string[])["name", "description", "parameters", "strict"])
        {
            if (tool.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null)
            {
                function[name] = JsonNode.Parse(RawJson.Text(value));
            }
        }

        return new JsonObject { ["type"] = Node(tool, "type"), ["function"] = function };
    }

    private static JsonNode? Node(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? JsonNode.Parse(RawJson.Text(value)) : null;
}
