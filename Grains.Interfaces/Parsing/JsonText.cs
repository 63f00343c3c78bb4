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
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
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
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>A JSON string literal, quotes included; only what JSON itself demands is escaped, since a model reads it.</summary>
    public static string Encode(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    /// <summary>What stands for a character inside a JSON string literal; one at a time, so half a surrogate pair stays what it is.</summary>
    public static string Escape(char character) => character switch
    {
        '"' => "\\\"",
        '\\' => @"\\",
        '\n' => @"\n",
        '\r' => @"\r",
        '\t' => @"\t",
        < ' ' => $"\\u{(int)character:x4}",
        _ => character.ToString(),
    };

    /// <summary>The JSON value that a model meant by a text without quotes: as written where that is JSON of a fitting type, else a string literal.</summary>
    /// <param name="text">The text; white space around it belongs to a string only.</param>
    /// <param name="types">Types that fit. Where a string does not, any JSON is taken, and a text that is none becomes a string still: nothing is lost, and the caller's own check finds it.</param>
    public static string FromUnquoted(string text, JsonTypes types)
    {
        // Templates that print values by Python's rules teach models these words.
        var value = text.Trim() switch
        {
            "True" when types != JsonTypes.Any && types.HasFlag(JsonTypes.Boolean) => "true",
            "False" when types != JsonTypes.Any && types.HasFlag(JsonTypes.Boolean) => "false",
            "None" when types != JsonTypes.Any && (types.HasFlag(JsonTypes.Null) || !types.HasFlag(JsonTypes.String)) => "null",
            var trimmed => trimmed,
        };
        if (types != JsonTypes.String && TryTypeOf(value, out var type))
        {
            var fits = !types.HasFlag(JsonTypes.String) || (type != JsonTypes.String && types.HasFlag(type));
            if (fits)
            {
                return value;
            }
        }

        return $"\"{string.Concat(text.Select(Escape))}\"";
    }

    /// <summary>The type of a kind of JSON value.</summary>
    public static JsonTypes TypeOf(JsonValueKind kind) => kind switch
    {
        JsonValueKind.String => JsonTypes.String,
        JsonValueKind.Number => JsonTypes.Number,
        JsonValueKind.True or JsonValueKind.False => JsonTypes.Boolean,
        JsonValueKind.Null => JsonTypes.Null,
        JsonValueKind.Object => JsonTypes.Object,
        JsonValueKind.Array => JsonTypes.Array,
        _ => JsonTypes.None,
    };

    private static bool TryTypeOf(string text, out JsonTypes type)
    {
        type = JsonTypes.None;
        try
        {
            using var document = JsonDocument.Parse(text);
            type = TypeOf(document.RootElement.ValueKind);
            return true;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            return false;
        }
    }
}
