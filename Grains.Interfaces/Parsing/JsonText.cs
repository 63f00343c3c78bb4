using System.Text.Encodings.Web;
using System.Text.Json;

namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>Small questions about JSON that a model wrote, which may be anything.</summary>
internal static class JsonText
{
    /// <summary>The text that a JSON string literal, quotes included, stands for; false if it is none or names half a surrogate pair.</summary>
    public static bool TryDecodeString(string literal, out string value)
    {
        value = "";
        try
        {
            using var document = JsonDocument.Parse(literal);
            if (document.RootElement.ValueKind != JsonValueKind.String)
            {
                return false;
            }

            value = document.RootElement.GetString()!;
            return true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Whether the text is one JSON object.</summary>
    public static bool IsObject(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>A JSON string literal, quotes included; only what JSON itself demands is escaped, since a model reads it.</summary>
    public static string Encode(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
}
