using XLLM.Grains.Interfaces.Parsing;

namespace XLLM.Grains.Interfaces.Tests.Parsing;

/// <summary>Every registered syntax of tool calls with every registered syntax of reasoning: streamed equals not streamed. A new syntax without a sample here fails.</summary>
public sealed class EverySyntaxTests
{
    /// <summary>By tool-call syntax: a call of <c>get_weather</c> with a city.</summary>
    private static readonly Dictionary<string, string> Calls = new(StringComparer.Ordinal)
    {
        ["hermes"] = "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Os<lo\"}}\n</tool_call>",
        ["qwen25"] = "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Os<lo\"}}\n</tool_call>",
        ["qwen3_coder"] = "<tool_call>\n<function=get_weather>\n<parameter=city>\nOs<lo\n</parameter>\n</function>\n</tool_call>",
        ["deepseek_v3"] = "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{\"city\": \"Os<lo\"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        ["deepseek_v31"] = "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{\"city\": \"Os<lo\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        ["deepseek_v32"] = "\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"get_weather\">\n<｜DSML｜parameter name=\"city\" string=\"true\">Os<lo</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
        ["glm45"] = "\n<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Os<lo</arg_value>\n</tool_call>",
        ["glm47"] = "<tool_call>get_weather<arg_key>city</arg_key><arg_value>Os<lo</arg_value></tool_call>",
        ["kimi_k2"] = "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{\"city\": \"Os<lo\"}<|tool_call_end|><|tool_calls_section_end|>",
    };

    /// <summary>By reasoning syntax: its tags.</summary>
    private static readonly Dictionary<string, (string Open, string Close)> Tags = new(StringComparer.Ordinal)
    {
        ["deepseek_r1"] = ("<think>", "</think>"), ["deepseek_v3"] = ("<think>", "</think>"), ["glm45"] = ("<think>", "</think>"), ["kimi"] = ("<think>", "</think>"), ["qwen3"] = ("<think>", "</think>"),
    };

    public static TheoryData<string, string> Pairs => [.. ToolCallParsers.Names.SelectMany(_ => ReasoningParsers.Names, (tools, reasoning) => (tools, reasoning))];

    [Theory]
    [MemberData(nameof(Pairs))]
    public void AnAnswerWithReasoningTextAndCalls_ComesOutTheSame_AtEverySplit(string tools, string reasoning)
    {
        var (open, close) = Tags[reasoning];
        var text = $"{open}I think <of> it{close}\nThe answer.{Calls[tools]}{Calls[tools]}";
        var whole = Parsed.Of(Create(tools, reasoning, open: false), [text]);

        Assert.Equal("I think <of> it", whole.Reasoning.Trim());
        Assert.Equal("The answer.", whole.Content.Trim());
        Assert.Equal("[get_weather]{\"city\": \"Os<lo\"}[get_weather]{\"city\": \"Os<lo\"}", whole.Calls);
        AssertEverySplit(whole, text, () => Create(tools, reasoning, open: false));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Garbage_ComesOutTheSame_HoweverItIsSplit(string tools, string reasoning)
    {
        var random = new Random(Pairs.Select(pair => pair.Data).ToList().IndexOf((tools, reasoning)));
        var (open, close) = Tags[reasoning];
        string[] sources = [Calls[tools], open, close, $"{open}a{close}", "plain <text> {\"b\": 1}", "\n", "\U0001F600", "</"];
        for (var round = 0; round < 120; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 7)).Select(_ => Piece(sources[random.Next(sources.Length)])));
            var begun = random.Next(2) == 0;
            var whole = Parsed.Of(Create(tools, reasoning, begun), [text]);

            Assert.Equal(whole, Parsed.Of(Create(tools, reasoning, begun), Parsed.Split(text, random)));
            Assert.Equal(whole, Parsed.Of(Create(tools, reasoning, begun), text.Select(c => c.ToString())));
        }

        string Piece(string source) => random.Next(2) == 0 ? source : source[random.Next(source.Length)..];
    }

    private static void AssertEverySplit(Parsed expected, string text, Func<ChatOutputParser> create)
    {
        Assert.Equal(expected, Parsed.Of(create(), text.Select(c => c.ToString())));
        for (var cut = 0; cut <= text.Length; cut++)
        {
            Assert.Equal(expected, Parsed.Of(create(), [text[..cut], text[cut..]]));
        }
    }

    private static ChatOutputParser Create(string tools, string reasoning, bool open) =>
        ChatOutputParsers.Create(Parsed.Model(tools, reasoning), Parsed.Request(FamilySyntaxTests.Tools), open);
}
