using System.Text.Json.Nodes;
using XLLM.Silo.Templates;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Templates;

/// <summary>Whatever stands in a template, it is rendered or refused with a <see cref="ChatTemplateException"/>.</summary>
public sealed class ChatTemplateMutationTests
{
    private static readonly string[] Pieces =
    [
        "{%", "%}", "{{", "}}", "{#", "#}", "-", "+", "(", ")", "[", "]", "{", "}", "|", ".", ",", ":", "'", "\"", "~", " ", "\n", "=", "==", "<", "*", "**", "//", "%",
        "0", "1", "99", "1.5", "not ", " in ", " is ", " if ", " else ", "|upper", "|list", "|tojson", "|int", "|sort", "|join", "|map('upper')", ".x", "[0]", "[::-1]",
        "loop", "messages", "namespace", "range(9)", "none", "true", "{% break %}", "{% raw %}", "{% endraw %}", "{% else %}", "{% endif %}", "{% endfor %}", "\\", "\ud83d", "é", "😀", "\0",
    ];

    private static readonly ChatTemplateLimits Limits = new() { MaxSteps = 100_000, MaxAllocatedBytes = 8_000_000 };

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 8)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void MutatedTemplates_RaiseNothingButChatTemplateException(int seed)
    {
        var random = new Random(seed);
        var templates = Templates();
        var (rendered, refused) = (0, 0);
        for (var i = 0; i < 600; i++)
        {
            var template = Mutate(random, templates);
            try
            {
                new ChatTemplate(template, Limits).Render(Variables(), StoppedClock.Golden);
                rendered++;
            }
            catch (ChatTemplateException)
            {
                refused++;
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {seed}, mutation {i}: {exception.GetType().Name} from {template}\n{exception}");
            }
        }

        // Both happen, or the mutations would show nothing.
        Assert.InRange(rendered, 30, 570);
        Assert.InRange(refused, 30, 570);
    }

    private static string Mutate(Random random, List<string> templates)
    {
        var template = templates[random.Next(templates.Count)];
        for (var times = random.Next(1, 4); times > 0; times--)
        {
            var at = random.Next(template.Length + 1);
            var until = Math.Min(template.Length, at + random.Next(0, 6));
            var other = templates[random.Next(templates.Count)];
            var from = random.Next(other.Length + 1);
            var piece = random.Next(4) switch
            {
                0 => "",
                1 => other[from..Math.Min(other.Length, from + random.Next(1, 40))],
                _ => Pieces[random.Next(Pieces.Length)],
            };
            template = template[..at] + piece + template[(random.Next(2) == 0 ? at : until)..];
        }

        return template;
    }

    private static List<string> Templates()
    {
        var table = JsonNode.Parse(File.ReadAllText(Path.Combine(Paths.Repository, "tests", "Silo.Tests", "Templates", "language.json")))!;
        var templates = table["sections"]!.AsArray()
            .SelectMany(section => section!["cases"]!.AsArray())
            .Select(entry => entry!["template"]!.GetValue<string>())
            .ToList();
        var demo = File.ReadAllText(Path.Combine(Paths.DemoModel, "chat_template.jinja"));
        templates.AddRange(Enumerable.Repeat(demo, templates.Count / 2));
        return templates;
    }

    private static JsonObject Variables() => new()
    {
        ["messages"] = new JsonArray(
            new JsonObject { ["role"] = "system", ["content"] = "Be brief." },
            new JsonObject { ["role"] = "user", ["content"] = "Hi 😀" },
            new JsonObject
            {
                ["role"] = "assistant",
                ["content"] = "",
                ["tool_calls"] = new JsonArray(new JsonObject { ["function"] = new JsonObject { ["name"] = "f", ["arguments"] = new JsonObject { ["x"] = 1.5 } } }),
            },
            new JsonObject { ["role"] = "tool", ["content"] = "7" }),
        ["tools"] = new JsonArray(new JsonObject { ["type"] = "function", ["function"] = new JsonObject { ["name"] = "f" } }),
        ["add_generation_prompt"] = true,
        ["l"] = new JsonArray(3, 1, 2),
        ["s"] = "Hello World",
        ["n"] = 7,
    };
}
