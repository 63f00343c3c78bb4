using System.Globalization;
using System.Text.Json;
using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>Reads <c>input</c> of a response: text, or items, which become messages.</summary>
internal static class ResponseInputParser
{
    private static readonly string[] Roles = ["system", "developer", "user", "assistant"];
    private static readonly string[] ReasoningParts = ["content", "summary"];

    /// <summary>Reads the items; at least one.</summary>
    public static ChatMessage[] Parse(JsonFields body, GatewayOptions options, List<Fault> faults)
    {
        if (body.Find("input") is not { } input)
        {
            body.Fault("input", "is missing");
            return [];
        }

        if (input.ValueKind == JsonValueKind.String)
        {
            return [ChatMessage.FromText("user", input.GetString()!)];
        }

        if (input.ValueKind != JsonValueKind.Array)
        {
            body.Fault("input", $"must be a string or an array of items, but is {JsonFields.Show(input)}");
            return [];
        }

        if (body.List("input", options.MaxMessages) is not { } list)
        {
            return [];
        }

        if (list.GetArrayLength() == 0)
        {
            body.Fault("input", "is empty; at least one item is needed");
        }

        var messages = new List<ChatMessage>();
        foreach (var (i, item) in list.EnumerateArray().Index())
        {
            Item(item, string.Create(CultureInfo.InvariantCulture, $"input[{i}]"), messages, faults);
        }

        return [.. messages];
    }

    private static void Item(JsonElement element, string path, List<ChatMessage> messages, List<Fault> faults)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            faults.Add(new(path, $"{path} must be an object, but is {JsonFields.Show(element)}"));
            return;
        }

        var fields = new JsonFields(element, path, faults);
        switch (fields.Text("type") ?? "message")
        {
            case "message":
                messages.Add(Message(fields, faults));
                break;
            case "function_call":
                AddToAssistant(messages, begun => begun with
                {
                    ToolCalls = [.. begun.ToolCalls, new ToolCall(fields.RequiredText("call_id"), fields.RequiredText("name"), fields.Text("arguments") ?? "{}")],
                });
                break;
            case "function_call_output":
                messages.Add(new() { Role = "tool", ToolCallId = fields.RequiredText("call_id"), Content = Content(fields, "output", faults) });
                break;
            case "reasoning":
                messages.Add(new() { Role = "assistant", Reasoning = Reasoning(fields) });
                break;
            case var other:
                fields.Unsupported("type", $"'{other}' is not supported by this server: message, function_call, function_call_output and reasoning are");
                break;
        }
    }

    private static ChatMessage Message(JsonFields fields, List<Fault> faults)
    {
        var role = fields.RequiredText("role");
        if (role.Length > 0 && !Roles.Contains(role))
        {
            fields.Fault("role", $"must be one of {string.Join(", ", Roles)}, but is '{role}'");
        }

        return new() { Role = role, Content = Content(fields, "content", faults) };
    }

    /// <summary>Calls and reasoning are items of their own here, but parts of one assistant message to a chat template.</summary>
    private static void AddToAssistant(List<ChatMessage> messages, Func<ChatMessage, ChatMessage> add)
    {
        if (messages is [.., { Role: "assistant" } last])
        {
            messages[^1] = add(last);
        }
        else
        {
            messages.Add(add(new() { Role = "assistant" }));
        }
    }

    private static string? Reasoning(JsonFields fields)
    {
        var texts = ReasoningParts
            .Select(name => fields.Find(name, JsonValueKind.Array, "an array"))
            .OfType<JsonElement>()
            .SelectMany(list => list.EnumerateArray())
            .Where(part => part.ValueKind == JsonValueKind.Object && part.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String)
            .Select(part => part.GetProperty("text").GetString());
        var joined = string.Concat(texts);
        return joined.Length == 0 ? null : joined;
    }

    private static ContentPart[] Content(JsonFields item, string name, List<Fault> faults)
    {
        if (item.Find(name) is not { } content)
        {
            item.Fault(name, "is missing");
            return [];
        }

        switch (content.ValueKind)
        {
            case JsonValueKind.String:
                return [new ContentPart { Type = "text", Text = content.GetString() }];
            case JsonValueKind.Array:
                return [.. content.EnumerateArray().Select((part, i) => Part(part, string.Create(CultureInfo.InvariantCulture, $"{item.Path(name)}[{i}]"), faults)).OfType<ContentPart>()];
            default:
                item.Fault(name, $"must be a string or an array of parts, but is {JsonFields.Show(content)}");
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
            case "input_text" or "output_text" or "text":
                return new() { Type = "text", Text = fields.RequiredText("text") };
            case "refusal":
                return new() { Type = "text", Text = fields.RequiredText("refusal") };
            case var other:
                fields.Unsupported("type", $"'{other}' is not supported by this server: input_text and output_text are");
                return null;
        }
    }
}
