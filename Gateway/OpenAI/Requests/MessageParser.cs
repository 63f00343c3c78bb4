using System.Globalization;
using System.Text.Json;
using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>Reads <c>messages</c>.</summary>
internal static class MessageParser
{
    private const string Assistant = "assistant";
    private const string Tool = "tool";
    private static readonly string[] Roles = ["system", "developer", "user", Assistant, Tool];

    /// <summary>Reads the messages; at least one.</summary>
    public static ChatMessage[] Parse(JsonFields body, GatewayOptions options, List<Fault> faults)
    {
        if (body.Find("messages") is null)
        {
            body.Fault("messages", "is missing");
            return [];
        }

        if (body.List("messages", options.MaxMessages) is not { } list)
        {
            return [];
        }

        if (list.GetArrayLength() == 0)
        {
            body.Fault("messages", "is empty; at least one message is needed");
        }

        return [.. list.EnumerateArray().Select((message, i) => Message(message, string.Create(CultureInfo.InvariantCulture, $"messages[{i}]"), faults)).OfType<ChatMessage>()];
    }

    private static ChatMessage? Message(JsonElement element, string path, List<Fault> faults)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            faults.Add(new(path, $"{path} must be an object, but is {JsonFields.Show(element)}"));
            return null;
        }

        var fields = new JsonFields(element, path, faults);
        var role = fields.RequiredText("role");
        if (role.Length > 0 && !Roles.Contains(role))
        {
            fields.Fault("role", $"must be one of {string.Join(", ", Roles)}, but is '{role}'");
        }

        ToolCall[] calls = role == Assistant ? Calls(fields, faults) : [];
        if (role == Tool && fields.Find("tool_call_id") is null)
        {
            fields.Fault("tool_call_id", "is missing: a tool message names the call it answers");
        }

        return new()
        {
            Role = role,
            Content = Content(fields, mayBeMissing: role == Assistant && fields.Find("tool_calls") is { ValueKind: JsonValueKind.Array } made && made.GetArrayLength() > 0, faults),
            ToolCalls = calls,
            ToolCallId = role == Tool ? fields.Text("tool_call_id") : null,
            Name = fields.Text("name"),
            Reasoning = role == Assistant ? fields.Text("reasoning_content") ?? fields.Text("reasoning") : null,
        };
    }

    private static ContentPart[] Content(JsonFields message, bool mayBeMissing, List<Fault> faults)
    {
        if (message.Find("content") is not { } content)
        {
            if (!mayBeMissing)
            {
                message.Fault("content", "is missing");
            }

            return [];
        }

        switch (content.ValueKind)
        {
            case JsonValueKind.String:
                return [new ContentPart { Type = "text", Text = content.GetString() }];
            case JsonValueKind.Array when content.GetArrayLength() > 0:
                return [.. content.EnumerateArray().Select((part, i) => Part(part, string.Create(CultureInfo.InvariantCulture, $"{message.Path("content")}[{i}]"), faults)).OfType<ContentPart>()];
            case JsonValueKind.Array:
                message.Fault("content", "is an empty array");
                return [];
            default:
                message.Fault("content", $"must be a string or an array of parts, but is {JsonFields.Show(content)}");
                return [];
        }
    }

    private static ContentPart? Part(JsonElement element, string path, List<Fault> faults)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            faults.Add(new(path, $"{path} must be an object, but is {JsonFields.Show(element)}"));
            return null;
        }

        var fields = new JsonFields(element, path, faults);
        switch (fields.RequiredText("type"))
        {
            case "":
                return null;
            case "text":
                return new() { Type = "text", Text = fields.RequiredText("text") };
            case "image_url":
                return PictureParser.Parse(fields, faults);
            case var other:
                fields.Unsupported("type", $"'{other}' is not supported by this server: only text and image_url parts are");
                return null;
        }
    }

    private static ToolCall[] Calls(JsonFields message, List<Fault> faults)
    {
        if (message.Find("function_call") is not null)
        {
            message.Unsupported("function_call", "is not supported: use tool_calls");
        }

        return message.Find("tool_calls", JsonValueKind.Array, "an array") is { } list
            ? [.. list.EnumerateArray().Select((call, i) => Call(call, string.Create(CultureInfo.InvariantCulture, $"{message.Path("tool_calls")}[{i}]"), faults)).OfType<ToolCall>()]
            : [];
    }

    private static ToolCall? Call(JsonElement element, string path, List<Fault> faults)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            faults.Add(new(path, $"{path} must be an object, but is {JsonFields.Show(element)}"));
            return null;
        }

        var fields = new JsonFields(element, path, faults);
        var id = fields.RequiredText("id");
        if (fields.Text("type") is { } type && type != "function")
        {
            fields.Fault("type", $"must be 'function', but is '{type}'");
        }

        if (fields.Find("function", JsonValueKind.Object, "an object") is not { } function)
        {
            if (fields.Find("function") is null)
            {
                fields.Fault("function", "is missing");
            }

            return null;
        }

        var inner = new JsonFields(function, fields.Path("function"), faults);
        return new(id, inner.RequiredText("name"), inner.Text("arguments") ?? "{}");
    }
}
