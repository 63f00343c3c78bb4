using System.Text.Json.Nodes;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Templates;

/// <summary>The published chat templates give the prompts that Jinja2 gives, and raise where it raises.</summary>
public sealed class ChatTemplateGoldenTests
{
    public static TheoryData<string> Files => Paths.TryShared("data", "chat_templates", "golden") is { } folder
        ? [.. Directory.GetFiles(folder, "*.json").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)]
        : ["(missing)"];

    [Theory]
    [MemberData(nameof(Files))]
    public void Render_GivesTheGoldenPrompts(string file)
    {
        if (Paths.TryShared("data", "chat_templates", "golden", file) is not { } path)
        {
            Assert.Skip("../shared/data/chat_templates/golden is missing");
            return;
        }

        var golden = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        var differences = golden.ContainsKey("template") ? OneTemplate(golden) : ManyTemplates(golden);
        Assert.Empty(differences);
    }

    [Fact]
    public void Render_GivesTheReferencePromptsOfTheDemoModel()
    {
        var template = File.ReadAllText(Path.Combine(Paths.DemoModel, "chat_template.jinja"));
        var cases = JsonNode.Parse(File.ReadAllText(Path.Combine(Paths.DemoModel, "reference.json")))!.AsArray();
        Assert.NotEmpty(cases);
        Assert.All(cases, entry =>
        {
            var variables = new JsonObject
            {
                ["messages"] = entry!["messages"]!.DeepClone(),
                ["tools"] = entry["tools"]?.DeepClone(),
                ["add_generation_prompt"] = true,
            };
            Assert.Null(Rendering.Difference("reference", template, variables, entry["prompt"]!.GetValue<string>()));
        });
    }

    private static List<string> OneTemplate(JsonObject golden)
    {
        var template = File.ReadAllText(Paths.TryShared("data", "chat_templates", golden["template"]!.GetValue<string>())!);
        Assert.Equal("2025-01-15T12:00:00", golden["clock"]!.GetValue<string>());
        return [.. golden["cases"]!.AsArray().Select(entry =>
        {
            // transformers passes tools as none when there are none; the golden prompts were rendered so.
            var variables = new JsonObject { ["tools"] = null };
            foreach (var (name, value) in entry!["input"]!.AsObject())
            {
                variables[name] = value?.DeepClone();
            }

            variables.TryAdd("bos_token", golden["bos_token"]?.DeepClone());
            variables.TryAdd("eos_token", golden["eos_token"]?.DeepClone());
            return Rendering.Difference(entry["name"]!.GetValue<string>(), template, variables, entry["expected"]?.GetValue<string>());
        }).OfType<string>()];
    }

    // Another engine's tests, in one file: its rendering, or Jinja2's where that differs.
    private static List<string> ManyTemplates(JsonObject golden)
    {
        var cases = golden["cases"]!.AsArray().Where(entry => entry!["jinja2_matches"]?.GetValue<bool>() ?? false).ToList();
        Assert.NotEmpty(cases);
        return [.. cases.Select(entry =>
        {
            var variables = new JsonObject
            {
                ["messages"] = golden["messages"]!.DeepClone(),
                ["add_generation_prompt"] = golden["add_generation_prompt"]!.DeepClone(),
                ["bos_token"] = entry!["bos_token"]?.GetValue<string>() ?? "",
                ["eos_token"] = entry["eos_token"]?.GetValue<string>() ?? "",
            };
            var byJinja = entry["expected_output_jinja"]?.GetValue<string>();
            var expected = string.IsNullOrEmpty(byJinja) ? entry["expected_output"]!.GetValue<string>() : byJinja;
            return Rendering.Difference(entry["name"]!.GetValue<string>(), entry["template_str"]!.GetValue<string>(), variables, expected);
        }).OfType<string>()];
    }
}
