using System.Text.Json.Nodes;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Templates;

/// <summary>The language, feature by feature: language.json holds templates with what Jinja2 3.1.6 makes of them; language.py beside it wrote that.</summary>
public sealed class ChatTemplateLanguageTests
{
    private static readonly JsonObject Table = JsonNode.Parse(File.ReadAllText(
        Path.Combine(Paths.Repository, "tests", "Silo.Tests", "Templates", "language.json")))!.AsObject();

    public static TheoryData<string> Sections => [.. Table["sections"]!.AsArray().Select(section => section!["name"]!.GetValue<string>())];

    [Theory]
    [MemberData(nameof(Sections))]
    public void Render_DoesWhatJinja2Does(string name)
    {
        var section = Table["sections"]!.AsArray().Single(section => section!["name"]!.GetValue<string>() == name)!;
        var cases = section["cases"]!.AsArray();
        Assert.NotEmpty(cases);
        Assert.Empty(cases.Select(entry =>
        {
            var template = entry!["template"]!.GetValue<string>();
            return Rendering.Difference(template, template, Table["context"]!.AsObject(), entry["expected"]?.GetValue<string>());
        }).OfType<string>());
    }
}
