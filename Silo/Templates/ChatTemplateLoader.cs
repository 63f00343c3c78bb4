using System.Text.Json;
using System.Text.Json.Nodes;

namespace XLLM.Silo.Templates;

/// <summary>Finds a model's chat template and special tokens in its folder, where transformers looks for them.</summary>
internal static class ChatTemplateLoader
{
    private const string TemplateFile = "chat_template.jinja";
    private const string TemplateJsonFile = "chat_template.json";
    private const string TokenizerFile = "tokenizer_config.json";
    private const string MoreTemplatesFolder = "additional_chat_templates";

    // A field that is there twice would be an error only when it is looked for.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    // The tokens that transformers passes to every template, when the tokenizer has them.
    private static readonly string[] SpecialTokens =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token", "additional_special_tokens"];

    /// <summary>Loads the template of a model folder: <c>chat_template.jinja</c> (with <c>additional_chat_templates</c>), else <c>chat_template.json</c>, else the one in <c>tokenizer_config.json</c>.</summary>
    /// <exception cref="ChatTemplateException">There is none, or it is damaged; the message names the file.</exception>
    public static IChatTemplate Load(string folder, ChatTemplateLimits? limits = null)
    {
        var template = Path.Combine(folder, TemplateFile);
        if (File.Exists(template))
        {
            return LoadWithMore(folder, template, limits);
        }

        foreach (var name in new[] { TemplateJsonFile, TokenizerFile })
        {
            var path = Path.Combine(folder, name);
            if (File.Exists(path) && ReadObject(path)["chat_template"] is { } node)
            {
                return FromJson(node, path, limits);
            }
        }

        throw new ChatTemplateException(
            $"{folder} has no chat template: neither {TemplateFile} nor a chat_template in {TemplateJsonFile} or {TokenizerFile}");
    }

    /// <summary>Loads a template from one file: Jinja text, or a JSON file with a <c>chat_template</c>.</summary>
    /// <exception cref="ChatTemplateException">The file is missing or damaged.</exception>
    public static IChatTemplate LoadFile(string path, ChatTemplateLimits? limits = null)
    {
        if (!path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
        {
            return Compile(ReadText(path), path, limits);
        }

        var node = ReadObject(path)["chat_template"] ?? throw new ChatTemplateException($"{path} has no chat_template");
        return FromJson(node, path, limits);
    }

    /// <summary>Compiles a template that came from elsewhere than a file of its own.</summary>
    /// <param name="source">Jinja text.</param>
    /// <param name="place">Where it came from, for messages.</param>
    /// <param name="limits">Bounds; the defaults when null.</param>
    /// <exception cref="ChatTemplateException">It is damaged.</exception>
    public static IChatTemplate LoadText(string source, string place, ChatTemplateLimits? limits = null) => Compile(source, place, limits);

    /// <summary>The special tokens of a model folder as variables of its template: <c>bos_token</c>, <c>eos_token</c>, ... Empty where <c>tokenizer_config.json</c> is missing.</summary>
    /// <exception cref="ChatTemplateException">The file is damaged.</exception>
    public static JsonObject ReadSpecialTokens(string folder)
    {
        var result = new JsonObject();
        var path = Path.Combine(folder, TokenizerFile);
        if (!File.Exists(path))
        {
            return result;
        }

        var configuration = ReadObject(path);
        foreach (var name in SpecialTokens)
        {
            var token = configuration[name] is JsonArray several
                ? new JsonArray([.. several.Select(node => (JsonNode?)Content(node, name, path)).OfType<JsonNode>()])
                : (JsonNode?)Content(configuration[name], name, path);
            if (token is not null)
            {
                result[name] = token;
            }
        }

        return result;
    }

    // A token is a text, or an object with the text and how to match it.
    private static string? Content(JsonNode? token, string name, string path) => (token is JsonObject parts ? parts["content"] : token) switch
    {
        null => null,
        JsonValue value when TextOf(value, path) is { } text => text,
        _ => throw new ChatTemplateException($"{path}: {name} is neither a text nor an object with one"),
    };

    /// <summary>A text, or null: the value is something else.</summary>
    private static string? TextOf(JsonNode? node, string path)
    {
        try
        {
            return node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
        }
        catch (InvalidOperationException exception)
        {
            throw new ChatTemplateException($"{path}: a text is half a character: {exception.Message}", exception);
        }
    }

    private static IChatTemplate LoadWithMore(string folder, string path, ChatTemplateLimits? limits)
    {
        var main = Compile(ReadText(path), path, limits);
        var more = Path.Combine(folder, MoreTemplatesFolder);
        if (!Directory.Exists(more))
        {
            return main;
        }

        var templates = new Dictionary<string, ChatTemplate> { ["default"] = main };
        foreach (var file in Directory.GetFiles(more, "*.jinja").Order(StringComparer.Ordinal))
        {
            templates[Path.GetFileNameWithoutExtension(file)] = Compile(ReadText(file), file, limits);
        }

        return new NamedChatTemplates(templates);
    }

    private static IChatTemplate FromJson(JsonNode node, string path, ChatTemplateLimits? limits)
    {
        if (TextOf(node, path) is { } text)
        {
            return Compile(text, path, limits);
        }

        var templates = new Dictionary<string, ChatTemplate>();
        foreach (var entry in node as JsonArray ?? throw new ChatTemplateException($"{path}: chat_template is neither a text nor a list"))
        {
            if (entry is JsonObject named && TextOf(named["name"], path) is { } key && TextOf(named["template"], path) is { } source)
            {
                templates[key] = Compile(source, $"{path} ({key})", limits);
            }
            else
            {
                throw new ChatTemplateException($"{path}: an entry of chat_template lacks a name or a template");
            }
        }

        return new NamedChatTemplates(templates);
    }

    private static ChatTemplate Compile(string source, string path, ChatTemplateLimits? limits)
    {
        try
        {
            return new ChatTemplate(source, limits);
        }
        catch (ChatTemplateException exception)
        {
            throw new ChatTemplateException($"{path}: {exception.Message}", exception);
        }
    }

    private static string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ChatTemplateException($"{path}: {exception.Message}", exception);
        }
    }

    private static JsonObject ReadObject(string path)
    {
        try
        {
            return JsonNode.Parse(ReadText(path), documentOptions: Strict) as JsonObject ?? throw new ChatTemplateException($"{path} is not a JSON object");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new ChatTemplateException($"{path} is not JSON: {exception.Message}", exception);
        }
    }
}
