using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using XLLM.Silo.Tokenization;

namespace XLLM.Silo.Hosting;

/// <summary>
/// The verb <c>tokenize FOLDER</c>: answers each line of JSON with a line of JSON. <c>{"text": "..."}</c>, with <c>"add_special_tokens"</c>
/// (default false) if wanted, gives <c>{"ids":[...]}</c>; <c>{"ids": [...]}</c> gives <c>{"text":"..."}</c>, without special tokens if
/// <c>"skip_special_tokens"</c> (default false) is true. A line that cannot be answered gives <c>{"error":"..."}</c>. Blank lines give nothing.
/// </summary>
internal static class TokenizeVerb
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Answers all lines of the input. Each answer is flushed, so that a program can hold a conversation.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="error">Where the reason goes when the folder cannot be loaded.</param>
    /// <returns>0, or 1 when the folder cannot be loaded. Lines in error do not change it.</returns>
    public static int Run(string folder, TextReader input, TextWriter output, TextWriter error)
    {
        ITokenizer tokenizer;
        try
        {
            tokenizer = TokenizerLoader.Load(folder);
        }
        catch (TokenizerException exception)
        {
            error.WriteLine(exception.Message);
            error.Flush();
            return 1;
        }

        using var buffer = new MemoryStream();
        while (input.ReadLine() is { } line)
        {
            line = line.TrimStart('\uFEFF');
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            buffer.SetLength(0);
            using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
            {
                Answer(tokenizer, line, writer);
            }

            output.Write(Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
            output.Write('\n');
            output.Flush();
        }

        output.Flush();
        return 0;
    }

    private static void Answer(ITokenizer tokenizer, string line, Utf8JsonWriter writer)
    {
        try
        {
            using var document = JsonDocument.Parse(RepairSurrogates(line));
            var request = document.RootElement;
            if (request.ValueKind is not JsonValueKind.Object)
            {
                throw new FormatException($"a line must be an object, but is {request.ValueKind}");
            }

            var hasText = request.TryGetProperty("text", out var text);
            var hasIds = request.TryGetProperty("ids", out var ids);
            if (hasText == hasIds)
            {
                throw new FormatException(hasText ? "a line must have text or ids, but has both" : "a line must have text or ids, but has neither");
            }

            if (hasText)
            {
                WriteIds(tokenizer, text, Flag(request, "add_special_tokens"), writer);
            }
            else
            {
                WriteText(tokenizer, ids, Flag(request, "skip_special_tokens"), writer);
            }
        }
        catch (Exception exception) when (exception is JsonException or FormatException or TokenizerException)
        {
            writer.WriteStartObject();
            writer.WriteString("error", exception.Message);
            writer.WriteEndObject();
        }
    }

    private static void WriteIds(ITokenizer tokenizer, JsonElement text, bool addSpecialTokens, Utf8JsonWriter writer)
    {
        if (text.ValueKind is not JsonValueKind.String)
        {
            throw new FormatException($"text must be a string, but is {text.ValueKind}");
        }

        var ids = tokenizer.Encode(text.GetString(), addSpecialTokens);
        writer.WriteStartObject();
        writer.WriteStartArray("ids");
        foreach (var id in ids)
        {
            writer.WriteNumberValue(id);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteText(ITokenizer tokenizer, JsonElement ids, bool skipSpecialTokens, Utf8JsonWriter writer)
    {
        if (ids.ValueKind is not JsonValueKind.Array)
        {
            throw new FormatException($"ids must be an array, but is {ids.ValueKind}");
        }

        var tokens = new List<int>(ids.GetArrayLength());
        foreach (var id in ids.EnumerateArray())
        {
            if (id.ValueKind is not JsonValueKind.Number || !id.TryGetInt32(out var value) || (uint)value >= (uint)tokenizer.VocabularySize)
            {
                throw new FormatException($"ids[{tokens.Count}] must be a token from 0 to {tokenizer.VocabularySize - 1}, but is {id.GetRawText()}");
            }

            tokens.Add(value);
        }

        var text = IncrementalDecoder.Decode(tokenizer, tokens.ToArray(), skipSpecialTokens);
        writer.WriteStartObject();
        writer.WriteString("text", text);
        writer.WriteEndObject();
    }

    private static bool Flag(JsonElement request, string name)
    {
        if (!request.TryGetProperty(name, out var flag))
        {
            return false;
        }

        return flag.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? flag.GetBoolean()
            : throw new FormatException($"{name} must be true or false, but is {flag.ValueKind}");
    }

    /// <summary>
    /// Puts U+FFFD in place of each unpaired surrogate, written out or as an escape: other JSON writers pass such text on, but
    /// System.Text.Json refuses to read it.
    /// </summary>
    private static string RepairSurrogates(string line)
    {
        line = Utf16.Repair(line) ?? line;
        StringBuilder? builder = null;
        var copied = 0;
        for (var at = line.IndexOf('\\', StringComparison.Ordinal); at >= 0 && at + 1 < line.Length; at = line.IndexOf('\\', at))
        {
            var unit = EscapedUnit(line, at);
            if (char.IsHighSurrogate(unit) && char.IsLowSurrogate(EscapedUnit(line, at + 6)))
            {
                at += 12;
            }
            else if (char.IsSurrogate(unit))
            {
                builder ??= new();
                builder.Append(line, copied, at - copied).Append("\\ufffd");
                at += 6;
                copied = at;
            }
            else
            {
                // Two characters of the escape are enough: what follows \u is no backslash.
                at += 2;
            }

            if (at >= line.Length)
            {
                break;
            }
        }

        return builder is null ? line : builder.Append(line, copied, line.Length - copied).ToString();
    }

    /// <summary>The UTF-16 unit of an escape such as \ud83d, or NUL where there is none.</summary>
    private static char EscapedUnit(string line, int at) =>
        at + 6 <= line.Length && line[at] == '\\' && line[at + 1] == 'u'
        && ushort.TryParse(line.AsSpan(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit)
            ? (char)unit
            : '\0';
}
