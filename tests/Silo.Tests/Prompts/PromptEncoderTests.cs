using System.Text.Json.Nodes;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Silo.Prompts;
using XLLM.Silo.Templates;
using XLLM.Silo.Tokenization;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Prompts;

/// <summary>Real template and tokenizer of the demo model.</summary>
public sealed class PromptEncoderTests
{
    private const string Weather = """[{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]""";
    private static readonly ITokenizer Tokenizer = TokenizerLoader.Load(Paths.DemoModel);
    private static readonly PromptEncoder Encoder = Create(ChatTemplateLoader.Load(Paths.DemoModel));

    [Fact]
    public void EveryReferencePrompt_HasTheReferenceTokens()
    {
        foreach (var reference in JsonNode.Parse(File.ReadAllText(Path.Combine(Paths.DemoModel, "reference.json")))!.AsArray())
        {
            var messages = reference!["messages"]!.AsArray().Select(message => ChatMessage.FromText(message!["role"]!.GetValue<string>(), message["content"]!.GetValue<string>()));
            var request = Request([.. messages]) with { ToolsJson = reference["tools"]?.ToJsonString() };

            Assert.Equal(reference["prompt_ids"]!.AsArray().Select(id => id!.GetValue<int>()), Encoder.Render(request).TokenIds);
        }
    }

    [Fact]
    public void AnAssistantsCall_IsShownAsTheModelWroteIt()
    {
        var request = Request(
            ChatMessage.FromText("user", "Weather?"),
            new ChatMessage { Role = "assistant", ToolCalls = [new("c1", "get_weather", """{"city": "Oslo"}""")] },
            new ChatMessage { Role = "tool", ToolCallId = "c1", Content = [new() { Type = "text", Text = "cold" }] });

        Assert.Contains("<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>", TextOf(request), StringComparison.Ordinal);
    }

    /// <summary>Histories with calls reach every published template, whatever form of arguments and of a missing content it was written for.</summary>
    [Theory]
    [InlineData("DeepSeek-V3", "<｜tool▁sep｜>get_weather\n```json\n{\"city\": \"Oslo\"}\n```")]
    [InlineData("deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "{\"city\": \"Oslo\"}")]
    [InlineData("deepseek-ai-DeepSeek-V3.1", "<｜tool▁sep｜>{\"city\": \"Oslo\"}")]
    [InlineData("Kimi-K2-Instruct", "<|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{\"city\": \"Oslo\"}<|tool_call_end|>")]
    [InlineData("Kimi-K2-Thinking", "## Return of functions.get_weather:0")]
    [InlineData("moonshotai-Kimi-K2", "{\"city\": \"Oslo\"}")]
    [InlineData("GLM-4.5", "<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>")]
    [InlineData("GLM-4.7-Flash", "<arg_key>city</arg_key><arg_value>Oslo</arg_value>")]
    [InlineData("Qwen-Qwen3-0.6B", "\"arguments\": {\"city\": \"Oslo\"}")]
    [InlineData("Qwen-QwQ-32B", "\"arguments\": {\"city\": \"Oslo\"}")]
    [InlineData("Qwen2.5-VL", "<|im_start|>tool\ncold<|im_end|>")]
    [InlineData("Qwen3-Coder", "<parameter=city>\nOslo\n</parameter>")]
    [InlineData("Qwen3.5-4B", "<parameter=city>\nOslo\n</parameter>")]
    public void AHistoryWithACall_IsShownByThePublishedTemplate(string name, string expected)
    {
        var path = Paths.TryShared("data", "chat_templates", "templates", $"{name}.jinja");
        Assert.SkipWhen(path is null, $"../shared/data/chat_templates/templates/{name}.jinja is missing");
        var encoder = Create(ChatTemplateLoader.LoadFile(path!, ChatTemplateLimits.Serving));
        var request = Request(
            ChatMessage.FromText("user", "Weather?"),
            new ChatMessage { Role = "assistant", ToolCalls = [new("c1", "get_weather", """{"city": "Oslo"}""")] },
            new ChatMessage { Role = "tool", ToolCallId = "c1", Content = [new() { Type = "text", Text = "cold" }] }) with { ToolsJson = Weather };

        var text = IncrementalDecoder.Decode(Tokenizer, encoder.Render(request).TokenIds, skipSpecialTokens: false);

        Assert.Contains(expected, text, StringComparison.Ordinal);
        Assert.Contains("cold", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"a": 1, "a": 2}""")]
    [InlineData("\"\\ud800\"")]
    [InlineData("no json")]
    [InlineData("")]
    public void Arguments_ThatAreNoJsonObject_StayText(string arguments)
    {
        var request = Request(
            ChatMessage.FromText("user", "x"), new ChatMessage { Role = "assistant", ToolCalls = [new("c1", "f", arguments)] }, ChatMessage.FromText("user", "y"));

        Assert.Contains("\"arguments\": " + arguments, TextOf(request), StringComparison.Ordinal);
    }

    [Fact]
    public void ARequiredCall_EndsThePromptWithItsOpening()
    {
        var request = Request(ChatMessage.FromText("user", "x")) with { ToolsJson = Weather, ToolChoice = ToolChoiceMode.Named, ToolChoiceName = "get_weather" };

        Assert.Equal("<tool_call>\n{\"name\": \"get_weather\", \"arguments\":", Encoder.Render(request).ForcedText);
        Assert.EndsWith("\"arguments\":", TextOf(request), StringComparison.Ordinal);
    }

    [Fact]
    public void AFinalMessage_IsContinued_WithoutItsEndToken()
    {
        var request = Request(ChatMessage.FromText("user", "Count."), ChatMessage.FromText("assistant", "1, 2,")) with { ContinueFinalMessage = true };

        Assert.EndsWith("assistant\n1, 2,", TextOf(request), StringComparison.Ordinal);
    }

    [Fact]
    public void TheCallersVariables_ReachTheTemplate_AndCannotReplaceTheMessages()
    {
        var encoder = Create(new ChatTemplate("{{ mood }}{{ messages[0].content }}"));
        var request = Request(ChatMessage.FromText("user", "hi")) with { TemplateVariablesJson = """{"mood": "glad ", "messages": []}""" };

        Assert.Equal("glad hi", IncrementalDecoder.Decode(Tokenizer, encoder.Render(request).TokenIds, skipSpecialTokens: false));
    }

    [Theory]
    [InlineData("[1]", "object")]
    [InlineData("{", "JSON")]
    public void FaultyVariables_AreTheCallersFault(string json, string named)
    {
        var error = Assert.Throws<RequestException>(() => Encoder.Render(Request(ChatMessage.FromText("user", "x")) with { TemplateVariablesJson = json }));

        Assert.Equal("chat_template_kwargs", error.Parameter);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATemplateThatRaises_IsTheCallersFault()
    {
        var error = Assert.Throws<RequestException>(() => Create(new ChatTemplate("{{ raise_exception('roles must alternate') }}")).Render(Request(ChatMessage.FromText("user", "x"))));

        Assert.Equal(RequestErrors.InvalidTemplateInput, error.Code);
        Assert.Contains("roles must alternate", error.Message, StringComparison.Ordinal);
    }

    private static PromptEncoder Create(IChatTemplate template) => new(
        Tokenizer,
        template,
        ChatTemplateLoader.ReadSpecialTokens(Paths.DemoModel),
        new ModelDescriptor { Name = "m", Architecture = "a", MaxContext = 4096, VocabularySize = 4096, BlockTokens = 16, ToolCallFormat = "hermes" },
        TimeProvider.System);

    private static ChatRequest Request(params ChatMessage[] messages) => new() { RequestId = "r", Model = "m", Messages = messages };

    private static string TextOf(ChatRequest request) => IncrementalDecoder.Decode(Tokenizer, Encoder.Render(request).TokenIds, skipSpecialTokens: false);
}
