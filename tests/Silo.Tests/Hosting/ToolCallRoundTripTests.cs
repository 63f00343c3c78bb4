using System.Text;
using System.Text.Json.Nodes;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Parsing;
using XLLM.Silo.Hosting;
using XLLM.Silo.Tests.Templates;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Hosting;

/// <summary>An assistant's calls, as a family's own template renders them, read back with the syntax that the template gives away: what the model was trained to write is what is parsed.</summary>
/// <remarks>Not here: the later Kimi-K2 templates append to a list, which the sandbox forbids as Jinja2's does, and R1's renders no calls beside content. Both have the form of an earlier one that is here.</remarks>
public sealed class ToolCallRoundTripTests
{
    private const string Content = "Let me look.";
    private const string Arguments = """{"city": "T\u014dky\u014d \"x\" <b>\n {1}", "days": 3, "metric": true, "hours": [1, {"a": null}], "code": "12"}""";

    private const string Tools = """
        [
          {"type": "function", "function": {"name": "get_weather", "description": "Weather", "parameters": {"type": "object", "properties": {
            "city": {"type": "string", "description": "c"}, "days": {"type": "integer", "description": "d"}, "metric": {"type": "boolean", "description": "m"},
            "hours": {"type": "array", "description": "h"}, "code": {"type": "string", "description": "z"}}, "required": ["city"]}}},
          {"type": "function", "function": {"name": "now", "description": "Time", "parameters": {"type": "object", "properties": {}, "required": []}}}
        ]
        """;

    private static readonly string[] EndMarks = ["<|im_end|>", "<｜end▁of▁sentence｜>"];

    [Theory]
    [InlineData("Qwen-Qwen2.5-7B-Instruct")]
    [InlineData("Qwen-Qwen3-0.6B")]
    [InlineData("Qwen3-Coder")]
    [InlineData("Qwen3.5-4B")]
    [InlineData("DeepSeek-V3", true)]
    [InlineData("deepseek-ai-DeepSeek-V3.1")]
    [InlineData("deepseek-ai-DeepSeek-V3.2")]
    [InlineData("GLM-4.5")]
    [InlineData("GLM-4.6")]
    [InlineData("GLM-4.7-Flash")]
    [InlineData("GLM-5.2")]
    [InlineData("moonshotai-Kimi-K2")]
    public void CallsThatATemplateRenders_ReadBack(string name, bool argumentsAreText = false)
    {
        var path = Paths.TryShared("data", "chat_templates", "templates", name + ".jinja");
        if (path is null)
        {
            Assert.Skip($"../shared/data/chat_templates/templates/{name}.jinja is missing");
        }

        var template = File.ReadAllText(path);
        var rendered = Rendering.TryRender(template, Conversation(argumentsAreText), out var error);
        Assert.True(rendered is not null, error);
        var answer = rendered[rendered.LastIndexOf(Content, StringComparison.Ordinal)..];
        var end = EndMarks.Select(mark => answer.IndexOf(mark, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(answer.Length).Min();

        var (content, calls) = Parse(ChatFormat.Choose(template, "", "").ToolCalls, answer[..end]);

        Assert.Equal(Content, content);
        Assert.Equal(["get_weather", "now"], calls.Select(call => call.Name));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Arguments), JsonNode.Parse(calls[0].Arguments)), calls[0].Arguments);
        Assert.True(JsonNode.DeepEquals(new JsonObject(), JsonNode.Parse(calls[1].Arguments)), calls[1].Arguments);
    }

    private static JsonObject Conversation(bool argumentsAreText) => new()
    {
        ["messages"] = new JsonArray(
            new JsonObject { ["role"] = "user", ["content"] = "Weather?" },
            new JsonObject { ["role"] = "assistant", ["content"] = Content, ["tool_calls"] = new JsonArray(Call("get_weather", Arguments, argumentsAreText), Call("now", "{}", argumentsAreText)) }),
        ["tools"] = JsonNode.Parse(Tools),
        ["add_generation_prompt"] = false,
        ["bos_token"] = "",
        ["eos_token"] = "",
    };

    private static JsonObject Call(string function, string arguments, bool argumentsAreText) => new()
    {
        ["id"] = "call_1",
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = function, ["arguments"] = argumentsAreText ? arguments : JsonNode.Parse(arguments) },
    };

    private static (string Content, List<(string Name, string Arguments)> Calls) Parse(string? format, string text)
    {
        var model = new ModelDescriptor { Name = "m", Architecture = "A", MaxContext = 100, VocabularySize = 10, BlockTokens = 16, ToolCallFormat = format };
        var request = new ChatRequest { RequestId = "r", Model = "m", Messages = [ChatMessage.FromText("user", "hi")], ToolsJson = Tools };
        var parser = ChatOutputParsers.Create(model, request, reasoningOpen: false);
        List<ChatEvent> events = [];
        parser.Push(text, events);
        parser.Finish(events);

        var content = new StringBuilder();
        List<(string Name, string Arguments)> calls = [];
        foreach (var next in events)
        {
            switch (next)
            {
                case ContentDelta delta:
                    content.Append(delta.Text);
                    break;
                case ToolCallDelta { Name: { } function } delta:
                    calls.Add((function, delta.Arguments));
                    break;
                case ToolCallDelta delta:
                    calls[^1] = (calls[^1].Name, calls[^1].Arguments + delta.Arguments);
                    break;
                default:
                    Assert.Fail($"the parser wrote {next}");
                    break;
            }
        }

        return (content.ToString(), calls);
    }
}
