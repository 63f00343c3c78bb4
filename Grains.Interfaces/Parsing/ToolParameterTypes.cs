using System.Text.Json;

namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>The types that the offered tools' schemas give to parameters. Whatever the schemas look like, reading them never throws: what is not understood may be anything.</summary>
internal sealed class ToolParameterTypes
{
    private readonly Dictionary<(string Function, string Parameter), JsonTypes> _types = [];

    /// <summary>Reads OpenAI's <c>tools</c>; of two equal names the first counts.</summary>
    public ToolParameterTypes(string toolsJson)
    {
        try
        {
            using var tools = JsonDocument.Parse(toolsJson);
            foreach (var tool in Items(tools.RootElement))
            {
                ReadFunction(Property(tool, "function"));
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            // Tools were checked when the request came; what cannot be read here gives no types.
        }
    }

    /// <summary>Types of a parameter.</summary>
    /// <param name="function">The function's name.</param>
    /// <param name="parameter">The parameter's name.</param>
    /// <param name="undeclared">Types of a parameter that no schema declares.</param>
    public JsonTypes Of(string function, string parameter, JsonTypes undeclared) => _types.GetValueOrDefault((function, parameter), undeclared);

    private static JsonElement? Property(JsonElement? of, string name) =>
        of is { ValueKind: JsonValueKind.Object } element && element.TryGetProperty(name, out var value) ? value : null;

    private static JsonElement[] Items(JsonElement? of) => of is { ValueKind: JsonValueKind.Array } element ? [.. element.EnumerateArray()] : [];

    private static JsonTypes TypesOf(JsonElement schema)
    {
        if (Property(schema, "type") is { } type)
        {
            return type.ValueKind == JsonValueKind.String ? Named(type) : Items(type).Aggregate(JsonTypes.None, (all, one) => all | Named(one));
        }

        var variants = Items(Property(schema, "anyOf")).Concat(Items(Property(schema, "oneOf"))).Aggregate(JsonTypes.None, (all, one) => all | TypesOf(one));
        var values = Items(Property(schema, "enum")).Aggregate(JsonTypes.None, (all, one) => all | JsonText.TypeOf(one.ValueKind));
        if (Property(schema, "const") is { } only)
        {
            values |= JsonText.TypeOf(only.ValueKind);
        }

        return (variants | values) is var types and not JsonTypes.None ? types : JsonTypes.Any;
    }

    private static JsonTypes Named(JsonElement name) => (name.ValueKind == JsonValueKind.String ? name.GetString() : null) switch
    {
        "string" => JsonTypes.String,
        "number" or "integer" => JsonTypes.Number,
        "boolean" => JsonTypes.Boolean,
        "null" => JsonTypes.Null,
        "object" => JsonTypes.Object,
        "array" => JsonTypes.Array,
        _ => JsonTypes.Any,
    };

    private void ReadFunction(JsonElement? function)
    {
        if (Property(function, "name") is not { ValueKind: JsonValueKind.String } name
            || Property(Property(function, "parameters"), "properties") is not { ValueKind: JsonValueKind.Object } properties)
        {
            return;
        }

        foreach (var property in properties.EnumerateObject())
        {
            _types.TryAdd((name.GetString()!, property.Name), TypesOf(property.Value));
        }
    }
}
