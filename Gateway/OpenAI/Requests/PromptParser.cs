using System.Globalization;
using System.Text.Json;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>Reads the <c>prompt</c> of a completion or the <c>input</c> of an embedding: a string, strings, token ids, or lists of token ids.</summary>
internal static class PromptParser
{
    private const string Rule = "must be a string, an array of strings, an array of token ids, or an array of such arrays";

    /// <summary>One prompt; exactly one of the two is set.</summary>
    public readonly record struct Prompt(string? Text, int[]? Tokens);

    /// <summary>Reads the prompts; at least one where there is no fault.</summary>
    /// <param name="body">The request.</param>
    /// <param name="field">The field's name.</param>
    /// <param name="most">Most prompts.</param>
    public static IReadOnlyList<Prompt> Parse(JsonFields body, string field, int most)
    {
        switch (body.Find(field))
        {
            case null:
                body.Fault(field, "is missing");
                return [];
            case { ValueKind: JsonValueKind.String } text:
                return Text(body, field, text);
            case { ValueKind: JsonValueKind.Array } list when list.GetArrayLength() == 0:
                body.Fault(field, "is an empty array");
                return [];
            case { ValueKind: JsonValueKind.Array } list when list[0].ValueKind == JsonValueKind.Number:
                return Tokens(body, field, list);
            case { ValueKind: JsonValueKind.Array } when body.List(field, most) is { } list:
                return [.. list.EnumerateArray().SelectMany((one, i) => One(body, string.Create(CultureInfo.InvariantCulture, $"{field}[{i}]"), one))];
            case { ValueKind: JsonValueKind.Array }:
                return [];
            case { } other:
                body.Fault(field, $"{Rule}, but is {JsonFields.Show(other)}");
                return [];
        }
    }

    private static Prompt[] One(JsonFields body, string name, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return Text(body, name, value);
            case JsonValueKind.Array:
                return Tokens(body, name, value);
            default:
                body.Fault(name, $"must be a string or an array of token ids, but is {JsonFields.Show(value)}");
                return [];
        }
    }

    private static Prompt[] Text(JsonFields body, string name, JsonElement value)
    {
        var text = value.GetString()!;
        if (text.Length > 0)
        {
            return [new(text, null)];
        }

        body.Fault(name, "is empty");
        return [];
    }

    private static Prompt[] Tokens(JsonFields body, string name, JsonElement list)
    {
        var tokens = new int[list.GetArrayLength()];
        foreach (var (i, value) in list.EnumerateArray().Index())
        {
            if (!JsonFields.TryInteger(value, 0, int.MaxValue, out var token))
            {
                body.Fault(string.Create(CultureInfo.InvariantCulture, $"{name}[{i}]"), $"must be a token id from 0, but is {JsonFields.Show(value)}");
                return [];
            }

            tokens[i] = (int)token;
        }

        if (tokens.Length > 0)
        {
            return [new(null, tokens)];
        }

        body.Fault(name, "is an empty array");
        return [];
    }
}
