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
    [InlineData(null, "<think>\n", false)]
    public void EndsInsideReasoning_LooksAtThePromptsEnd(string? format, string prompt, bool inside) =>
        Assert.Equal(inside, ChatOutputParsers.EndsInsideReasoning(Parsed.Model(reasoning: format), prompt));

    private static ChatOutputParser Create(bool open) => ChatOutputParsers.Create(Parsed.Model(reasoning: "qwen3"), Parsed.Request(), open);
}
