using XLLM.Grains.Interfaces.Parsing;
using XLLM.Silo.Hosting;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Hosting;

public sealed class ChatFormatTests
{
    public static TheoryData<string, string?, string?> Templates => new()
    {
        // file, tool calls, reasoning
        { "Qwen-Qwen2.5-7B-Instruct", "hermes", null },
        { "Qwen-Qwen3-0.6B", "hermes", "qwen3" },
        { "Qwen3-Coder", "qwen3_coder", null },
        { "Qwen3-Coder-30B-A3B", "qwen3_coder", null },
        { "Qwen3.5-4B", "qwen3_coder", "qwen3" },
        { "DeepSeek-V3", "deepseek_v3", null },
        { "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "deepseek_v3", "deepseek_r1" },
        { "deepseek-ai-DeepSeek-V3.1", "deepseek_v31", "deepseek_v3" },
        { "sglang-tool_chat_template_deepseekv31", "deepseek_v31", "deepseek_v3" },
        { "deepseek-ai-DeepSeek-V3.2", "deepseek_v32", "deepseek_v3" },
        { "GLM-4.5", "glm45", "glm45" },
        { "GLM-4.6", "glm45", "glm45" },
        { "GLM-4.7-Flash", "glm47", "glm45" },
        { "GLM-5.2", "glm47", "glm45" },
        { "Kimi-K2-Instruct", "kimi_k2", null },
        { "moonshotai-Kimi-K2", "kimi_k2", null },
        { "Kimi-K2-Thinking", "kimi_k2", "kimi" },
        { "Qwen2.5-VL", null, null },
    };

    [Theory]
    [MemberData(nameof(Templates))]
    public void ATemplate_GivesItsSyntaxesAway(string name, string? toolCalls, string? reasoning)
    {
        var path = Paths.TryShared("data", "chat_templates", "templates", name + ".jinja");
        if (path is null)
        {
            Assert.Skip($"../shared/data/chat_templates/templates/{name}.jinja is missing");
        }

        Assert.Equal(new ChatFormat(toolCalls, reasoning), ChatFormat.Choose(File.ReadAllText(path), "", ""));
    }

    [Theory]
    [InlineData("plain", null, null)]
    [InlineData("", null, null)]
    [InlineData("<tool_call>{\"name\": ...}</tool_call> <think>", "hermes", "qwen3")]
    [InlineData(@"'<tool_call>\n<function=' + name + '>\n' '<parameter='", "qwen3_coder", null)]
    [InlineData("<tool_call>{function-name}\n<arg_key>", "glm45", null)]
    [InlineData("<tool_call>{function-name}<arg_key>", "glm47", null)]
    [InlineData("<｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json", "deepseek_v3", null)]
    [InlineData("<｜tool▁call▁begin｜>f<｜tool▁sep｜>", "deepseek_v31", null)]
    [InlineData("<|im_middle|> <|tool_calls_section_begin|>", "kimi_k2", null)]
    [InlineData("◁think▷", null, "kimi")]
    public void Marks_TellTheSyntax_TheMostSpecificFirst(string template, string? toolCalls, string? reasoning) =>
        Assert.Equal(new ChatFormat(toolCalls, reasoning), ChatFormat.Choose(template, "", ""));

    [Fact]
    public void AnOption_OverrulesTheTemplate_AndNoneTurnsASyntaxOff()
    {
        Assert.Equal(new ChatFormat("glm45", "kimi"), ChatFormat.Choose("<tool_call><think>", "glm45", "kimi"));
        Assert.Equal(new ChatFormat(null, null), ChatFormat.Choose("<tool_call><think>", "none", "none"));
    }

    [Fact]
    public void EveryNameOfASyntax_CanBeChosen()
    {
        Assert.All(ToolCallParsers.Names, name => Assert.Equal(name, ChatFormat.Choose("", name, "").ToolCalls));
        Assert.All(ReasoningParsers.Names, name => Assert.Equal(name, ChatFormat.Choose("", "", name).Reasoning));
    }

    [Fact]
    public void AnUnknownName_IsRefused_WithTheListOfKnownOnes()
    {
        Assert.Contains("--tool-call-parser nope: no such syntax; there are: deepseek_v3,", Assert.Throws<StartException>(() => ChatFormat.Choose("", "nope", "")).Message, StringComparison.Ordinal);
        Assert.Contains("--reasoning-parser nope: no such syntax; there are: deepseek_r1,", Assert.Throws<StartException>(() => ChatFormat.Choose("", "", "nope")).Message, StringComparison.Ordinal);
    }
}
