using System.Text.Json;
using System.Text.Json.Nodes;
using XLLM.Silo.Templates;

namespace XLLM.Silo.Tests.Templates;

/// <summary>Renders for tests.</summary>
internal static class Rendering
{
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 512 };

    public static string Render(string template, string variables = "{}", ChatTemplateLimits? limits = null) =>
        new ChatTemplate(template, limits).Render((JsonObject)JsonNode.Parse(variables, documentOptions: Deep)!, StoppedClock.Golden);

    /// <summary>The message of the error that a template is expected to raise.</summary>
    public static string Fail(string template, string variables = "{}", ChatTemplateLimits? limits = null) =>
        Assert.Throws<ChatTemplateException>(() => Render(template, variables, limits)).Message;

    /// <summary>The rendered text, or null with the error's message.</summary>
    public static string? TryRender(string template, JsonObject variables, out string error)
    {
        try
        {
            error = "";
            return new ChatTemplate(template).Render(variables, StoppedClock.Golden);
        }
        catch (ChatTemplateException exception)
        {
            error = exception.Message;
            return null;
        }
    }

    /// <summary>How a rendering differs from what is expected, or null. An error is expected where <paramref name="expected"/> is null.</summary>
    public static string? Difference(string name, string template, JsonObject variables, string? expected)
    {
        var text = TryRender(template, variables, out var error);
        return (text, expected) switch
        {
            (null, null) => null,
            (null, _) => $"{name}: raised \"{error}\" instead of giving {Show(expected!)}",
            (_, null) => $"{name}: gave {Show(text)} instead of raising",
            _ when text == expected => null,
            _ => $"{name}: gave {Show(text)} instead of {Show(expected)}",
        };
    }

    private static string Show(string text) => JsonSerializer.Serialize(text);
}
