using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Parsing;

namespace XLLM.Grains.Interfaces.Tests.Parsing;

public sealed class ThinkTagSyntaxTests
{
    public static TheoryData<bool, string, string, string> Texts => new()
    {
        // open, text, reasoning, content
        { false, "<think>\nHm.\n</think>\n\nTokyo.\n", "Hm.", "Tokyo.\n" },
        { false, "\n <think>a</think>b", "a", "b" },
        { false, "<think>\n\n</think>\n\nTokyo.", "", "Tokyo." },
        { false, "  Tokyo.", "", "  Tokyo." },
        { false, "Tokyo. <think>no</think>", "", "Tokyo. <think>no</think>" },
        { false, "<thin", "", "<thin" },
        { false, "<thin <think>x", "", "<thin <think>x" },
        { false, "<<think>x", "", "<<think>x" },
        { false, "<think>cut off ", "cut off ", "" },
        { false, "<think>a </thin b</think>", "a </thin b", "" },
        { false, "<think>a</think> \n", "a", "" },
        { false, "</think>x", "", "</think>x" },
        { true, "Hm.\n</think>\n\nTokyo.", "Hm.", "Tokyo." },
        { true, "<think>\nHm.</think>Tokyo.", "Hm.", "Tokyo." },
        { true, "</think>\n\nTokyo.", "", "Tokyo." },
        { true, "1 < 2</think>3", "1 < 2", "3" },
        { true, "cut off </th", "cut off </th", "" },
        { true, " <thi", "<thi", "" },
        { true, "", "", "" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void ReasoningAndAnswer_AreToldApart_HoweverTheTextIsSplit(bool open, string text, string reasoning, string content)
    {
        var expected = new Parsed(content, reasoning, "");
        for (var cut = 0; cut <= text.Length; cut++)
        {
            Assert.Equal(expected, Parsed.Of(Create(open), [text[..cut], text[cut..]]));
        }

        Assert.Equal(expected, Parsed.Of(Create(open), text.Select(c => c.ToString())));
    }

    [Fact]
    public void InReasoning_FollowsTheTags()
    {
        List<ChatEvent> events = [];
        var parser = Create(open: false);
        Assert.False(parser.InReasoning);
        parser.Push("<think>", events);
        Assert.True(parser.InReasoning);
        parser.Push("x</think>", events);
        Assert.False(parser.InReasoning);
        Assert.True(Create(open: true).InReasoning);
    }

    [Fact]
    public void CallsAfterReasoning_AreCalls_AndInsideIt_AreReasoning()
    {
        var text = "<think>\nI could " + HermesSyntaxTests.Call("{}") + "\n</think>\n\n" + HermesSyntaxTests.Call("{}");
        Assert.Equal(new("", "I could " + HermesSyntaxTests.Call("{}"), "[get_weather]{}"), Parsed.Of(Create(open: false), [text]));
    }

    [Theory]
    [InlineData("qwen3", "<|im_start|>assistant\n<think>\n", true)]
    [InlineData("qwen3", "<|im_start|>assistant\n<think>\n\n</think>\n\n", false)]
    [InlineData("qwen3", "<|im_start|>user\nwhat is <think>?<|im_end|>\n<|im_start|>assistant\n", false)]
    [InlineData("deepseek_v3", "<｜Assistant｜></think>", false)]
    [InlineData("deepseek_v3", "<｜Assistant｜><think>", true)]
    [InlineData("glm45", "<|assistant|>\n<think></think>", false)]
    [InlineData("kimi", "<|im_middle|>◁think▷", true)]
    [InlineData(null, "<think>\n", false)]
    public void EndsInsideReasoning_LooksAtThePromptsEnd(string? format, string prompt, bool inside) =>
        Assert.Equal(inside, ChatOutputParsers.EndsInsideReasoning(Parsed.Model(reasoning: format), prompt));

    [Theory]
    [InlineData("deepseek_v3", true, "Hm.</think>Tokyo.", "Hm.", "Tokyo.", "")]
    [InlineData("deepseek_v3", false, "Tokyo.", "", "Tokyo.", "")]
    [InlineData("glm45", false, "\n<think>Hm.</think>\nTokyo.", "Hm.", "Tokyo.", "")]
    [InlineData("glm45", true, "Hm.</think>Tokyo.", "Hm.", "Tokyo.", "")]
    [InlineData("kimi", false, " <think> Hm. </think> Tokyo.", "Hm.", "Tokyo.", "")]
    [InlineData("kimi", false, "\n◁think▷Hm. <think>\n◁/think▷\nTokyo.", "Hm. <think>", "Tokyo.", "")]
    [InlineData("kimi", false, " ◁ Tokyo.", "", " ◁ Tokyo.", "")]
    [InlineData("kimi", false, " \n", "", " \n", "")]
    [InlineData("kimi", false, "", "", "", "")]
    [InlineData("kimi", true, "Hm. <|tool_calls </thin", "Hm. <|tool_calls </thin", "", "")]
    [InlineData("kimi", true, "Hm. <|tool_calls</think>x", "Hm. <|tool_calls", "x", "")]
    [InlineData("kimi", true, "a <b\n <|tool_calls_section_begin|><|tool_call_begin|>functions.now:0<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>", "a <b", "", "[now]{}")]
    [InlineData("kimi", true, "a</think><|tool_calls_section_begin|>b", "a", "<|tool_calls_section_begin|>b", "")]
    public void FamiliesReasoning_IsToldApart_HoweverTheTextIsSplit(string format, bool open, string text, string reasoning, string content, string calls)
    {
        var expected = new Parsed(content, reasoning, calls);
        for (var cut = 0; cut <= text.Length; cut++)
        {
            Assert.Equal(expected, Parsed.Of(Create(), [text[..cut], text[cut..]]));
        }

        Assert.Equal(expected, Parsed.Of(Create(), text.Select(c => c.ToString())));

        ChatOutputParser Create() => ChatOutputParsers.Create(Parsed.Model(tools: "kimi_k2", reasoning: format), Parsed.Request(), open);
    }

    [Theory]
    [InlineData("deepseek_r1")]
    [InlineData("deepseek_v3")]
    [InlineData("glm45")]
    [InlineData("kimi")]
    [InlineData("qwen3")]
    public void Garbage_ParsesTheSame_HoweverItIsSplit_InEveryReasoningSyntax(string format)
    {
        string[] fragments = ["<think>", "</think>", "◁think▷", "◁/think▷", "<|tool_calls_section_begin|>", "<|tool", "</", "◁", " ", "\n", "x"];
        var random = new Random(7);
        for (var round = 0; round < 2000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => fragments[random.Next(fragments.Length)]));
            var open = random.Next(2) == 0;
            var whole = Parsed.Of(Create(), [text]);
            Assert.Equal(whole, Parsed.Of(Create(), Parsed.Split(text, random)));
            Assert.Equal(whole, Parsed.Of(Create(), text.Select(c => c.ToString())));

            ChatOutputParser Create() => ChatOutputParsers.Create(Parsed.Model(tools: "kimi_k2", reasoning: format), Parsed.Request(), open);
        }
    }

    private static ChatOutputParser Create(bool open) => ChatOutputParsers.Create(Parsed.Model(reasoning: "qwen3"), Parsed.Request(), open);
}
