using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>Reads <see cref="ChatOptions.AdditionalProperties"/> by the names that the HTTP API uses. A value may be a number, text, or any object whose JSON has the right kind.</summary>
/// <param name="properties">May be null.</param>
internal sealed class AdditionalChatProperties(AdditionalPropertiesDictionary? properties)
{
    private readonly HashSet<string> _read = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A number, or null if it is not given.</summary>
    public float? Single(string name) => ReadValue(name, "a number", node => node.GetValueKind() == JsonValueKind.Number
        ? float.Parse(node.ToJsonString(), CultureInfo.InvariantCulture)
        : float.Parse(node.GetValue<string>(), CultureInfo.InvariantCulture));

    /// <summary>An integer, or null if it is not given.</summary>
    public int? Int32(string name) => ReadValue(name, "an integer", ToInt32);

    /// <summary>Integers, or null if they are not given.</summary>
    public int[]? Int32s(string name) => Read<int[]>(name, "an array of integers", node => [.. node.AsArray().Select(item => ToInt32(item!))]);

    /// <summary>A truth value, or null if it is not given.</summary>
    public bool? Boolean(string name) => ReadValue(name, "true or false", node => node.GetValueKind() switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => bool.Parse(node.GetValue<string>()),
    });

    /// <summary>Text, or null if it is not given.</summary>
    public string? Text(string name) => Read(name, "text", node => node.GetValue<string>());

    /// <summary>An object, or null if it is not given; given as an object, or as its JSON text.</summary>
    public JsonObject? Json(string name) => Read(name, "a JSON object", ToObject);

    /// <summary>Token ids with their biases, or null if they are not given.</summary>
    public IReadOnlyDictionary<int, float>? LogitBias(string name) => Read<IReadOnlyDictionary<int, float>>(name, "an object of token ids and numbers", node =>
        ToObject(node).ToDictionary(
            pair => int.Parse(pair.Key, CultureInfo.InvariantCulture), pair => float.Parse(pair.Value!.ToJsonString(), CultureInfo.InvariantCulture)));

    /// <summary>Call last: refuses what none of the calls before has asked for, since a misspelt name would have no effect and no sign of it.</summary>
    /// <exception cref="RequestException">An unknown name.</exception>
    public void RefuseUnread()
    {
        if (properties?.Keys.FirstOrDefault(key => !_read.Contains(key)) is { } unknown)
        {
            throw new RequestException(
                RequestErrors.InvalidValue, $"'{unknown}' is no known additional property; known are: {string.Join(", ", _read.Order(StringComparer.Ordinal))}", unknown);
        }
    }

    private static int ToInt32(JsonNode node) => node.GetValueKind() == JsonValueKind.Number
        ? int.Parse(node.ToJsonString(), CultureInfo.InvariantCulture)
        : int.Parse(node.GetValue<string>(), CultureInfo.InvariantCulture);

    private static JsonObject ToObject(JsonNode node) =>
        (node.GetValueKind() == JsonValueKind.String ? JsonNode.Parse(node.GetValue<string>())! : node).AsObject().DeepClone().AsObject();

    private T? ReadValue<T>(string name, string kind, Func<JsonNode, T> read)
        where T : struct =>
        Find(name) is { } value ? Convert(name, kind, value, read) : null;

    private T? Read<T>(string name, string kind, Func<JsonNode, T> read)
        where T : class =>
        Find(name) is { } value ? Convert(name, kind, value, read) : null;

    private object? Find(string name)
    {
        _read.Add(name);
        return properties is not null && properties.TryGetValue(name, out var value) ? value : null;
    }

    private static T Convert<T>(string name, string kind, object value, Func<JsonNode, T> read)
    {
        try
        {
            return read(JsonSerializer.SerializeToNode(value, AIJsonUtilities.DefaultOptions)!);
        }
        catch (Exception exception) when (exception is FormatException or OverflowException or InvalidOperationException or JsonException or NullReferenceException or NotSupportedException or ArgumentException)
        {
            throw new RequestException(RequestErrors.InvalidValue, $"{name} must be {kind}, it is '{value}'", name);
        }
    }
}
