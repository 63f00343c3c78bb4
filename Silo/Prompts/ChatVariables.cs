using System.Text.Json;
using System.Text.Json.Nodes;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Silo.Prompts;

/// <summary>A chat request as the variables that Hugging Face chat templates expect. Pure.</summary>
internal static class ChatVariables
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    /// <summary>Builds the variables: special tokens, then the caller's own variables, then what the caller may not change.</summary>
    /// <param name="request">The conversation.</param>
    /// <param name="specialTokens">What the tokenizer's configuration defines.</param>
    /// <param name="form">How calls of tools are written.</param>
    /// <exception cref="RequestException">The caller's extra variables or tools are no JSON object or array.</exception>
    public static JsonObject From(ChatRequest request, JsonObject specialTokens, CallForm form = default)
    {
        var variables = new JsonObject();
        foreach (var (name, token) in specialTokens)
        {
            variables[name] = token?.DeepClone();
        }

        if (request.TemplateVariablesJson is { } extra)
        {
            foreach (var (name, value) in Parse<JsonObject>(extra, "chat_template_kwargs"))
            {
                variables[name] = value?.DeepClone();
            }
        }

        variables["messages"] = new JsonArray([.. request.Messages.Select(message => Message(message, form))]);
        variables["tools"] = request.ToolsJson is { } tools && request.ToolChoice != ToolChoiceMode.None ? Parse<JsonArray>(tools, "tools") : null;
        variables["add_generation_prompt"] = !request.ContinueFinalMessage;
        return variables;
    }

    private static JsonObject Message(ChatMessage message, CallForm form)
    {
        var result = new JsonObject { ["role"] = message.Role, ["content"] = Content(message, form) };
        if (message.Name is { } name)
        {
            result["name"] = name;
        }

        if (message.Reasoning is { } reasoning)
        {
            result["reasoning_content"] = reasoning;
        }

        if (message.ToolCallId is { } id)
        {
            result["tool_call_id"] = id;
        }

        if (message.ToolCalls.Count > 0)
        {
            result["tool_calls"] = new JsonArray([.. message.ToolCalls.Select(call => Call(call, form))]);
        }

        return result;
    }

    /// <summary>Text alone is a string, since text-only templates know nothing else; with other parts it is the list that vision templates read.</summary>
    private static JsonNode? Content(ChatMessage message, CallForm form)
    {
        if (message.Content.Count == 0)
        {
            return message.ToolCalls.Count > 0 && !form.EmptyContent ? null : "";
        }

        return message.Content.All(part => part.Type == "text")
            ? string.Join('\n', message.Content.Select(part => part.Text))
            : new JsonArray([.. message.Content.Select(Part)]);
    }

    private static JsonNode Part(ContentPart part) => part.Type == "text"
        ? new JsonObject { ["type"] = "text", ["text"] = part.Text }
        : new JsonObject { ["type"] = "image" };

    /// <summary>Arguments become an object where they are one, if the form wants that: most templates walk over them.</summary>
    private static JsonObject Call(ToolCall call, CallForm form) => new JsonObject
    {
        ["id"] = call.Id,
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = form.TextArguments ? call.Arguments : Arguments(call.Arguments) },
    };

    private static JsonNode Arguments(string text)
    {
        try
        {
            return JsonNode.Parse(text, documentOptions: Strict) as JsonObject ?? (JsonNode)text;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return text;        // what a model wrote need not be JSON, nor valid UTF-16
        }
    }

    private static T Parse<T>(string text, string parameter)
        where T : JsonNode
    {
        try
        {
            return JsonNode.Parse(text, documentOptions: Strict) as T
                ?? throw new RequestException(RequestErrors.InvalidValue, $"{parameter} must be a JSON {(typeof(T) == typeof(JsonArray) ? "array" : "object")}", parameter);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new RequestException(RequestErrors.InvalidValue, $"{parameter} is no valid JSON: {e.Message}", parameter);
        }
    }
}
