using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>JSON that is handed on as text. As sent, since templates show its order and spacing; only where an object has a name twice it is written anew with the last one, because readers further on refuse it.</summary>
internal static class RawJson
{
    /// <summary>The text of a value.</summary>
    public static string Text(JsonElement value)
    {
        if (!HasDuplicates(value))
        {
            return value.GetRawText();
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            Write(writer, value);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static bool HasDuplicates(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().DistinctBy(field => field.Name).Count() < value.EnumerateObject().Count()
            || value.EnumerateObject().Any(field => HasDuplicates(field.Value)),
        JsonValueKind.Array => value.EnumerateArray().Any(HasDuplicates),
        _ => false,
    };

    private static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
                foreach (var field in value.EnumerateObject())
                {
                    fields[field.Name] = field.Value;
                }

                foreach (var (name, inner) in fields)
                {
                    writer.WritePropertyName(name);
                    Write(writer, inner);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var inner in value.EnumerateArray())
                {
                    Write(writer, inner);
                }

                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}
