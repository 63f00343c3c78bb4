using XLLM.Silo.Tokenization.Patterns;

namespace XLLM.Silo.Tokenization.Formats;

/// <summary>Reads patterns: <c>{"String": "..."}</c> stands for itself, <c>{"Regex": "..."}</c> is a regular expression.</summary>
internal static class PatternReader
{
    /// <summary>The text to look for, or null when the field holds a regular expression.</summary>
    public static string? TryString(JsonField field) => field.Kind is System.Text.Json.JsonValueKind.String ? field.AsString() : field.TryString("String");

    /// <exception cref="TokenizerException">The pattern is malformed or uses what is not supported.</exception>
    public static Pattern Read(JsonField field)
    {
        if (TryString(field) is { } text)
        {
            return text.Length > 0
                ? Pattern.Parse(string.Concat(text.Select(character => char.IsAscii(character) && !char.IsAsciiLetterOrDigit(character) ? $"\\{character}" : character.ToString())))
                : throw field.Fault("the text to split at is empty");
        }

        var regex = field.TryGet("Regex") ?? throw field.Fault("must have a String or a Regex");
        try
        {
            return Pattern.Parse(regex.AsString());
        }
        catch (FormatException exception)
        {
            throw regex.Fault(exception.Message);
        }
    }
}
