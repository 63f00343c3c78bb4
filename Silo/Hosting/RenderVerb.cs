using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using XLLM.Silo.Templates;

namespace XLLM.Silo.Hosting;

/// <summary>The verb <c>render FOLDER-OR-TEMPLATE</c>: shows what a model's chat template makes of messages, for people who debug a model folder.</summary>
internal static class RenderVerb
{
    // Tool schemas nest deeply; JSON's default bound is 64.
    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = 512 };

    // Prompts are read by people: nothing is escaped but what JSON must.
    private static readonly JsonSerializerOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Renders JSON lines.</summary>
    /// <param name="path">A model folder, a Jinja file, or a JSON file with a <c>chat_template</c>. With a folder, the special tokens of its tokenizer are variables too.</param>
    /// <param name="input">One object a line; every field is a variable of the template, but <c>clock</c>, which sets the local time (ISO 8601, such as 2025-01-15T12:00:00). <c>tools</c> is none unless given.</param>
    /// <param name="output">For each line, <c>{"text": ...}</c> or <c>{"error": ...}</c>.</param>
    /// <param name="error">Why there is no template.</param>
    /// <returns>The exit status: 0, or 1 when there is no template to render.</returns>
    public static int Run(string path, TextReader input, TextWriter output, TextWriter error)
    {
        IChatTemplate template;
        JsonObject tokens;
        try
        {
            var isFolder = Directory.Exists(path);
            template = isFolder ? ChatTemplateLoader.Load(path) : ChatTemplateLoader.LoadFile(path);
            tokens = isFolder ? ChatTemplateLoader.ReadSpecialTokens(path) : [];
        }
        catch (ChatTemplateException exception)
        {
            error.WriteLine($"render: {exception.Message}");
            return 1;
        }

        while (input.ReadLine() is { } line)
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                output.WriteLine(Render(template, tokens, line).ToJsonString(Writing));
            }
        }

        output.Flush();
        return 0;
    }

    private static JsonObject Render(IChatTemplate template, JsonObject tokens, string line)
    {
        try
        {
            var variables = JsonNode.Parse(line, documentOptions: Reading) as JsonObject ?? throw new ChatTemplateException("the line is not a JSON object");
            var clock = variables.Remove("clock", out var time) ? ReadClock(time) : TimeProvider.System;
            foreach (var (name, token) in tokens)
            {
                variables.TryAdd(name, token?.DeepClone());
            }

            // As transformers calls it: a template finds tools defined, as none, when there are none.
            variables.TryAdd("tools", null);

            return new JsonObject { ["text"] = template.Render(variables, clock) };
        }
        catch (ChatTemplateException exception)
        {
            return new JsonObject { ["error"] = exception.Message };
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            // Not JSON, or a property twice.
            return new JsonObject { ["error"] = $"the line is not a usable JSON object: {exception.Message}" };
        }
    }

    private static FixedClock ReadClock(JsonNode? time)
    {
        if (time is JsonValue value && value.TryGetValue<string>(out var text)
            && DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var local))
        {
            // The time is the local one as written; its offset, if any, only says where.
            var wall = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var zoned) ? zoned.DateTime : local;
            return new FixedClock(wall);
        }

        throw new ChatTemplateException($"clock is {time?.ToJsonString() ?? "null"}, not a time such as \"2025-01-15T12:00:00\"");
    }

    /// <summary>A clock that stands still.</summary>
    private sealed class FixedClock(DateTime local) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(local, TimeSpan.Zero);
    }
}
