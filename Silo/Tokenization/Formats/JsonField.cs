using System.Text.Json;

namespace XLLM.Silo.Tokenization.Formats;

/// <summary>A value of a JSON file with the way that leads to it, so that every complaint can name both.</summary>
internal readonly struct JsonField
{
    private readonly string _file;
    private readonly string _parent;
    private readonly string? _name;
    private readonly int _index;
    private readonly JsonElement _element;

    private JsonField(string file, string parent, string? name, int index, JsonElement element)
    {
        _file = file;
        _parent = parent;
        _name = name;
        _index = index;
        _element = element;
    }

    /// <summary>Such as <c>pre_tokenizer.pretokenizers[1].type</c>; empty for the whole file. Put together only when asked for: vocabularies have many members.</summary>
    public string Path =>
        _index >= 0 ? $"{_parent}[{_index}]"
        : _name is null ? _parent
        : _parent.Length == 0 ? _name
        : $"{_parent}.{_name}";

    public JsonValueKind Kind => _element.ValueKind;

    /// <summary>Reads a whole file. The element must outlive the field.</summary>
    public static JsonField Root(string file, JsonElement element) => new(file, string.Empty, null, -1, element);

    public TokenizerException Fault(string problem) => new(_file, Path.Length == 0 ? "the file" : Path, problem);

    /// <summary>A member, or null where it is missing or null.</summary>
    public JsonField? TryGet(string name)
    {
        Require(JsonValueKind.Object, "an object");
        return _element.TryGetProperty(name, out var element) && element.ValueKind is not JsonValueKind.Null
            ? new(_file, Path, name, -1, element)
            : null;
    }

    /// <exception cref="TokenizerException">The member is missing.</exception>
    public JsonField Get(string name) => TryGet(name)
        ?? throw new TokenizerException(_file, Path.Length == 0 ? name : $"{Path}.{name}", "is missing");

    public string AsString()
    {
        Require(JsonValueKind.String, "a string");
        try
        {
            return _element.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new TokenizerException(_file, Path, "holds an unpaired surrogate", exception);
        }
    }

    public int AsInteger() => Kind is JsonValueKind.Number && _element.TryGetInt32(out var value)
        ? value
        : throw Fault($"must be an integer of 32 bits, but is {Describe()}");

    /// <summary>Whether a number is 0, however it is written.</summary>
    public bool IsZero() => _element.TryGetDouble(out var value) && value == 0;

    public bool AsBoolean() => Kind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Fault($"must be true or false, but is {Describe()}"),
    };

    /// <summary>A member's text, or null where it is missing.</summary>
    public string? TryString(string name) => TryGet(name)?.AsString();

    /// <summary>A member's truth, or a default where it is missing.</summary>
    public bool Boolean(string name, bool missing = false) => TryGet(name)?.AsBoolean() ?? missing;

    /// <summary>An array's values.</summary>
    public IEnumerable<JsonField> Items()
    {
        Require(JsonValueKind.Array, "an array");
        return Enumerate(this);

        static IEnumerable<JsonField> Enumerate(JsonField array)
        {
            var index = 0;
            var path = array.Path;
            foreach (var element in array._element.EnumerateArray())
            {
                yield return new(array._file, path, null, index++, element);
            }
        }
    }

    /// <summary>An object's members.</summary>
    public IEnumerable<(string Name, JsonField Value)> Members()
    {
        Require(JsonValueKind.Object, "an object");
        return Enumerate(this);

        static IEnumerable<(string, JsonField)> Enumerate(JsonField @object)
        {
            var path = @object.Path;
            foreach (var property in @object._element.EnumerateObject())
            {
                yield return (property.Name, new(@object._file, path, property.Name, -1, property.Value));
            }
        }
    }

    /// <summary>The number of an array's values or an object's members.</summary>
    public int Count => Kind is JsonValueKind.Array ? _element.GetArrayLength() : _element.GetPropertyCount();

    private void Require(JsonValueKind kind, string description)
    {
        if (Kind != kind)
        {
            throw Fault($"must be {description}, but is {Describe()}");
        }
    }

    private string Describe()
    {
        var text = _element.ValueKind is JsonValueKind.Object or JsonValueKind.Array ? $"an {Kind}" : _element.GetRawText();
        return text.Length <= 60 ? text : text[..60] + "...";
    }
}
