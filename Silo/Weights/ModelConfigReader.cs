using System.Text.Json;

namespace XLLM.Silo.Weights;

/// <summary>Reads fields of a JSON configuration (config.json, generation_config.json) with their ranges. A field that is null counts as missing.</summary>
/// <remarks>Every fault names the file, the field, its value and what was expected. Fields that nobody asks for are not looked at.</remarks>
internal sealed class ModelConfigReader
{
    private readonly JsonElement _fields;
    private readonly string _prefix;

    private ModelConfigReader(string file, string prefix, JsonElement fields) => (File, _prefix, _fields) = (file, prefix, fields);

    /// <summary>Path of the file, for messages.</summary>
    public string File { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="CheckpointException">It is missing or no JSON object.</exception>
    public static ModelConfigReader Load(string path)
    {
        try
        {
            return Parse(path, System.IO.File.ReadAllBytes(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Reads a text.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="json">UTF-8.</param>
    /// <exception cref="CheckpointException">It is no JSON object.</exception>
    public static ModelConfigReader Parse(string file, ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new ModelConfigReader(file, string.Empty, document.RootElement.Clone())
                : throw new CheckpointException($"{file}: is a JSON {document.RootElement.ValueKind}, not an object");
        }
        catch (JsonException exception)
        {
            throw new CheckpointException($"{file}: is not valid JSON: {exception.Message}", exception);
        }
    }

    /// <summary>Names of all fields, in the order of the file.</summary>
    public IReadOnlyList<string> Names => [.. _fields.EnumerateObject().Select(property => property.Name)];

    /// <summary>Whether a field is there and not null.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>A whole number that must be there.</summary>
    public int Integer(string name, int least = 1, int most = int.MaxValue) => OptionalInteger(name, least, most) ?? throw Missing(name, Range(least, most));

    /// <summary>A whole number, or null where the field is missing.</summary>
    public int? OptionalInteger(string name, int least = 1, int most = int.MaxValue)
    {
        if (Find(name) is not { } field)
        {
            return null;
        }

        // Some exporters write 4096.0 or 8e0 for a whole number.
        return field.ValueKind == JsonValueKind.Number && field.TryGetDouble(out var value) && value == Math.Truncate(value) && value >= least && value <= most
            ? (int)value
            : throw Wrong(name, field, Range(least, most));
    }

    /// <summary>A number that must be there.</summary>
    public double Number(string name, double least, double most) => OptionalNumber(name, least, most) ?? throw Missing(name, Range(least, most));

    /// <summary>A number, or null where the field is missing.</summary>
    public double? OptionalNumber(string name, double least, double most)
    {
        if (Find(name) is not { } field)
        {
            return null;
        }

        return field.ValueKind == JsonValueKind.Number && field.TryGetDouble(out var value) && value >= least && value <= most
            ? value
            : throw Wrong(name, field, Range(least, most));
    }

    /// <summary>True or false; <paramref name="missing"/> where the field is missing.</summary>
    public bool Flag(string name, bool missing) => OptionalFlag(name) ?? missing;

    /// <summary>True or false, or null where the field is missing.</summary>
    public bool? OptionalFlag(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } field => throw Wrong(name, field, "true or false"),
    };

    /// <summary>A text, or null where the field is missing.</summary>
    public string? OptionalText(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } field => field.GetString(),
        { } field => throw Wrong(name, field, "a text"),
    };

    /// <summary>A text, or null where the field is missing or no text (a field that may be a text or something else).</summary>
    public string? TextOrNull(string name) => Find(name) is { ValueKind: JsonValueKind.String } field ? field.GetString() : null;

    /// <summary>Whether a field is missing or says nothing: null, false, "", [] or {}.</summary>
    public bool IsUnset(string name) => Find(name) switch
    {
        null or { ValueKind: JsonValueKind.False } => true,
        { ValueKind: JsonValueKind.String } field => field.GetString()!.Length == 0,
        { ValueKind: JsonValueKind.Array } field => field.GetArrayLength() == 0,
        { ValueKind: JsonValueKind.Object } field => field.GetPropertyCount() == 0,
        _ => false,
    };

    /// <summary>A list of texts; empty where the field is missing.</summary>
    public IReadOnlyList<string> Texts(string name)
    {
        if (Find(name) is not { } field)
        {
            return [];
        }

        return field.ValueKind == JsonValueKind.Array && field.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. field.EnumerateArray().Select(item => item.GetString()!)]
            : throw Wrong(name, field, "a list of texts");
    }

    /// <summary>Token ids, written as one number or as a list; empty where the field is missing.</summary>
    public IReadOnlyList<int> TokenIds(string name) => Integers(name);

    /// <summary>Whole numbers from 0, written as one number or as a list; empty where the field is missing.</summary>
    public IReadOnlyList<int> Integers(string name)
    {
        if (Find(name) is not { } field)
        {
            return [];
        }

        var items = field.ValueKind == JsonValueKind.Array ? [.. field.EnumerateArray()] : new[] { field };
        var ids = new int[items.Length];
        for (var i = 0; i < ids.Length; i++)
        {
            if (items[i].ValueKind != JsonValueKind.Number || !items[i].TryGetInt32(out ids[i]) || ids[i] < 0)
            {
                throw Wrong(name, field, "a whole number from 0, or a list of them");
            }
        }

        return ids;
    }

    /// <summary>A list of numbers that must be there.</summary>
    public IReadOnlyList<double> Numbers(string name, double least, double most)
    {
        var range = $"a list of numbers from {least} to {most}";
        var field = Find(name) ?? throw Missing(name, range);
        return field.ValueKind == JsonValueKind.Array
            ? [.. field.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetDouble(out var value) && value >= least && value <= most ? value : throw Wrong(name, field, range))]
            : throw Wrong(name, field, range);
    }

    /// <summary>A nested object, or null where the field is missing.</summary>
    public ModelConfigReader? Section(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } field => new ModelConfigReader(File, $"{_prefix}{name}.", field),
        { } field => throw Wrong(name, field, "an object"),
    };

    /// <summary>A list of nested objects; empty where the field is missing.</summary>
    public IReadOnlyList<ModelConfigReader> Sections(string name)
    {
        if (Find(name) is not { } field)
        {
            return [];
        }

        return field.ValueKind == JsonValueKind.Array && field.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Object)
            ? [.. field.EnumerateArray().Select((item, i) => new ModelConfigReader(File, $"{_prefix}{name}[{i}].", item))]
            : throw Wrong(name, field, "a list of objects");
    }

    /// <summary>A fault of a field, for checks between fields.</summary>
    /// <param name="name">The field.</param>
    /// <param name="what">What is wrong, with both numbers.</param>
    public CheckpointException Fault(string name, string what) => new($"{File}: \"{_prefix}{name}\" {what}");

    /// <summary>Something the file asks for that this build does not have.</summary>
    /// <param name="name">The field.</param>
    /// <param name="what">What it asks for.</param>
    public UnsupportedModelException Unsupported(string name, string what) => new($"{File}: \"{_prefix}{name}\" {what}");

    private JsonElement? Find(string name) =>
        _fields.TryGetProperty(name, out var field) && field.ValueKind != JsonValueKind.Null ? field : null;

    private CheckpointException Missing(string name, string expected) => Fault(name, $"is missing; expected {expected}");

    private CheckpointException Wrong(string name, JsonElement field, string expected)
    {
        var text = field.GetRawText();
        return Fault(name, $"is {(text.Length <= 100 ? text : $"{text[..100]}...")}; expected {expected}");
    }

    private static string Range(double least, double most) =>
        most is int.MaxValue or double.MaxValue ? $"a number of at least {least}" : $"a number from {least} to {most}";
}
