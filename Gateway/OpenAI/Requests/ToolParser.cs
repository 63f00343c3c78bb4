using System.Text.Json;
using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>Reads <c>tools</c> and <c>tool_choice</c>.</summary>
internal static class ToolParser
{
    /// <summary>Longest function name. OpenAI's bound is 64; tool servers prefix theirs.</summary>
    private const int MaxNameLength = 256;

    /// <summary>What a request says about tools.</summary>
    /// <param name="Json">The tools as sent, or null where there are none.</param>
    /// <param name="Choice">Whether they may, must or must not be called.</param>
    /// <param name="ChoiceName">The one to call.</param>
    public readonly record struct Tools(string? Json, ToolChoiceMode Choice, string? ChoiceName);

    /// <summary>Reads both fields.</summary>
    public static Tools Parse(JsonFields body, GatewayOptions options, List<Fault> faults)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var list = body.List("tools", options.MaxTools);
        if (list is { } tools)
        {
            foreach (var (i, tool) in tools.EnumerateArray().Index())
            {
                Tool(tool, $"tools[{i}]", names, faults);
            }
        }

        var offered = list is { } some && some.GetArrayLength() > 0;
        var (mode, name) = Choice(body, faults);
        if (mode is ToolChoiceMode.Required or ToolChoiceMode.Named && !offered)
        {
            body.Fault("tool_choice", "asks for a tool call, but tools has none");
        }
        else if (name is not null && !names.Contains(name))
        {
            body.Fault("tool_choice", $"names '{name}', which is not in tools");
        }

        return new(offered ? RawJson.Text(list!.Value) : null, mode, name);
    }

    private static void Tool(JsonElement tool, string path, HashSet<string> names, List<Fault> faults)
    {
        if (tool.ValueKind != JsonValueKind.Object)
        {
            faults.Add(new(path, $"{path} must be an object, but is {JsonFields.Show(tool)}"));
            return;
        }

        var fields = new JsonFields(tool, path, faults);
        if (fields.RequiredText("type") is var type && type.Length > 0 && type != "function")
        {
            fields.Fault("type", $"must be 'function', but is '{type}'");
            return;
        }

        if (fields.Find("function") is null)
        {
            fields.Fault("function", "is missing");
        }
        else if (fields.Find("function", JsonValueKind.Object, "an object") is { } function)
        {
            var inner = new JsonFields(function, fields.Path("function"), faults);
            var name = inner.RequiredText("name");
            if (name.Length > MaxNameLength)
            {
                inner.Fault("name", $"has {name.Length} characters, but at most {MaxNameLength} are allowed");
            }
            else if (name.Length > 0 && !names.Add(name))
            {
                inner.Fault("name", $"is '{name}', as an earlier tool's");
            }

            inner.Text("description");
            inner.Flag("strict");
            inner.Find("parameters", JsonValueKind.Object, "a JSON schema object");
        }
    }

    private static (ToolChoiceMode Mode, string? Name) Choice(JsonFields body, List<Fault> faults)
    {
        if (body.Find("tool_choice") is not { } choice)
        {
            return (ToolChoiceMode.Auto, null);
        }

        if (choice.ValueKind == JsonValueKind.Object)
        {
            return Named(new JsonFields(choice, "tool_choice", faults), faults);
        }

        ToolChoiceMode? mode = (choice.ValueKind == JsonValueKind.String ? choice.GetString() : null) switch
        {
            "auto" => ToolChoiceMode.Auto,
            "none" => ToolChoiceMode.None,
            "required" => ToolChoiceMode.Required,
            _ => null,
        };
        if (mode is null)
        {
            body.Fault("tool_choice", $"must be 'auto', 'none', 'required' or name a function, but is {JsonFields.Show(choice)}");
        }

        return (mode ?? ToolChoiceMode.Auto, null);
    }

    private static (ToolChoiceMode Mode, string? Name) Named(JsonFields choice, List<Fault> faults)
    {
        if (choice.RequiredText("type") is var type && type.Length > 0 && type != "function")
        {
            choice.Unsupported("type", $"'{type}' is not supported: name a function");
            return default;
        }

        if (choice.Find("function", JsonValueKind.Object, "an object") is not { } function)
        {
            choice.Fault("function", "must be an object with a name");
            return default;
        }

        var name = new JsonFields(function, choice.Path("function"), faults).RequiredText("name");
        return name.Length > 0 ? (ToolChoiceMode.Named, name) : default;
    }
}
