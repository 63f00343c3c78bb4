using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>Reads the fields of a JSON object; what does not fit becomes a fault and reads as absent. JSON's null is absent too, as OpenAI's clients mean it.</summary>
/// <param name="element">A JSON object.</param>
/// <param name="path">Path of the object, empty for the body.</param>
/// <param name="faults">Takes the faults.</param>
internal readonly struct JsonFields(JsonElement element, string path, List<Fault> faults)
{
    /// <summary>Longest value that a message shows.</summary>
    private const int ShownLength = 60;

    /// <summary>The object.</summary>
    public JsonElement Element => element;

    /// <summary>Path of a field.</summary>
    public string Path(string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>Adds "name must be ...".</summary>
    public void Fault(string name, string rule) => faults.Add(new(Path(name), $"{Path(name)} {rule}"));

    /// <summary>Adds "name is not supported ...".</summary>
    public void Unsupported(string name, string why) => faults.Add(new(Path(name), $"{Path(name)} {why}", ErrorMapping.UnsupportedParameter));

    /// <summary>The field, or null where it is absent or null.</summary>
    public JsonElement? Find(string name) => element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A field of one JSON kind.</summary>
    public JsonElement? Find(string name, JsonValueKind kind, string noun)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == kind)
        {
            return value;
        }

        Fault(name, $"must be {noun}, but is {Show(value)}");
        return null;
    }

    /// <summary>A text.</summary>
    public string? Text(string name) => Find(name, JsonValueKind.String, "a string")?.GetString();

    /// <summary>A text that must be there.</summary>
    public string RequiredText(string name)
    {
        if (Find(name) is null)
        {
            Fault(name, "is missing");
        }

        return Text(name) ?? "";
    }

    /// <summary>A truth value.</summary>
    public bool? Flag(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Fault(name, $"must be true or false, but is {Show(value)}");
        return null;
    }

    /// <summary>A whole number in a range.</summary>
    public int? Integer(string name, int least, int most = int.MaxValue) => (int?)Long(name, least, most);

    /// <summary>A whole number in a range.</summary>
    public long? Long(string name, long least, long most)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (TryInteger(value, least, most, out var number))
        {
            return number;
        }

        Fault(name, Number("an integer from", least, most, value));
        return null;
    }

    /// <summary>A number in a range.</summary>
    /// <param name="name">Field.</param>
    /// <param name="least">Smallest, itself allowed unless <paramref name="above"/>.</param>
    /// <param name="most">Largest, itself allowed.</param>
    /// <param name="above">The smallest itself is not allowed.</param>
    public float? Real(string name, float least, float most, bool above = false)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number <= most && (above ? number > least : number >= least))
        {
            return (float)number;
        }

        Fault(name, Number(above ? "a number above" : "a number from", least, most, value));
        return null;
    }

    /// <summary>A list; too long a one is a fault.</summary>
    public JsonElement? List(string name, int most)
    {
        if (Find(name, JsonValueKind.Array, "an array") is not { } list)
        {
            return null;
        }

        if (list.GetArrayLength() <= most)
        {
            return list;
        }

        Fault(name, string.Create(CultureInfo.InvariantCulture, $"has {list.GetArrayLength()} entries, but at most {most} are allowed"));
        return null;
    }

    /// <summary>Whether a value is a whole number in a range; 3.0 is.</summary>
    public static bool TryInteger(JsonElement value, long least, long most, out long number)
    {
        number = 0;
        if (value.ValueKind != JsonValueKind.Number)
        {
            return false;
        }

        if (!value.TryGetInt64(out number))
        {
            if (!value.TryGetDouble(out var real) || real != Math.Truncate(real) || Math.Abs(real) >= 1L << 53)
            {
                return false;
            }

            number = (long)real;
        }

        return number >= least && number <= most;
    }

    /// <summary>A value as a message shows it: short, and only its kind where it holds other values.</summary>
    public static string Show(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => string.Create(CultureInfo.InvariantCulture, $"an array of {value.GetArrayLength()}"),
        _ => Shorten(value.GetRawText()),
    };

    private static string Shorten(string text) => text.Length > ShownLength ? text[..(ShownLength - 3)] + "..." : text;

    private static string Number<T>(string noun, T least, T most, JsonElement value)
        where T : INumber<T> => string.Create(CultureInfo.InvariantCulture, $"must be {noun} {least} to {most}, but is {Show(value)}");
}
