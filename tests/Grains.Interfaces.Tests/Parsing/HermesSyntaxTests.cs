using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Parsing;

namespace XLLM.Grains.Interfaces.Tests.Parsing;

public sealed class HermesSyntaxTests
{
    public static TheoryData<string, string, string> Texts => new()
    {
        // text, content, calls
        { "Tokyo.", "Tokyo.", "" },
        { "  Tokyo.\n ", "  Tokyo.\n ", "" },
        { "", "", "" },
        { Call("""{"city": "Tokyo"}"""), "", """[get_weather]{"city": "Tokyo"}""" },
        { "Let me look.\n" + Call("{}") + "\n", "Let me look.", "[get_weather]{}" },
        { "a\n" + Call("{}") + "\n\nb ", "ab ", "[get_weather]{}" },
        { Call("""{"a":1}""") + "\n" + Call("""{"b" : [ 2, {} ]}"""), "", """[get_weather]{"a":1}[get_weather]{"b" : [ 2, {} ]}""" },
        { """<tool_call>{"arguments": {"a":1}, "name": "now"}</tool_call>""", "", """[now]{"a":1}""" },
        { """<tool_call>{"id": {"x":[1]}, "name": "now", "parameters": {"a":1}, "type":"function"}</tool_call>""", "", """[now]{"a":1}""" },
        { """<tool_call>{"name": "now"}</tool_call>""", "", "[now]{}" },
        { """<tool_call>{"name": "now", "arguments": null}</tool_call>""", "", "[now]{}" },
        { """<tool_call>{"name": "now", "arguments": "{\"a\": 1}"}</tool_call>""", "", """[now]{"a": 1}""" },
        { """<tool_call>{"name": "n\u00f6w", "arguments": {}}</tool_call>""", "", "[nöw]{}" },
        // a tag inside a string is part of the string
        { Call("""{"a": "</tool_call> \" } <tool_call>"}"""), "", """[get_weather]{"a": "</tool_call> \" } <tool_call>"}""" },
        // the closing tag is missing, the object is whole
        { """<tool_call>{"name": "now", "arguments": {}}""", "", "[now]{}" },
        { """<tool_call>{"name": "now"}</tool_c""", "", "[now]{}" },
        // cut off inside the arguments: what came was shown
        { """<tool_call>{"name": "now", "arguments": {"a": "b""", "", """[now]{"a": "b""" },
        { """<tool_call>{"name": "now", "arguments": {"a": 1</tool_call>x""", "x", """[now]{"a": 1""" },
        { """<tool_call>{"name": "now", "arguments": {}</tool_call>x""", "x", "[now]{}" },
        // arguments are handed on as written, even where they are no JSON
        { """<tool_call>{"name": "now", "arguments": {"a": <b>}}</tool_call>""", "", """[now]{"a": <b>}""" },
        { """<tool_call>{"name": "now", "arguments": {"a": </tool}}</tool_call>""", "", """[now]{"a": </tool}""" },
        // no call: given back whole
        { "x <tool_call>not json</tool_call> y", "x <tool_call>not json</tool_call> y", "" },
        { "<tool_call></tool_call>", "<tool_call></tool_call>", "" },
        { """<tool_call>{"name": 5, "arguments": {}}</tool_call>""", """<tool_call>{"name": 5, "arguments": {}}</tool_call>""", "" },
        { """<tool_call>{"name": "", "arguments": {}}</tool_call>""", """<tool_call>{"name": "", "arguments": {}}</tool_call>""", "" },
        { """<tool_call>{"name": "\ud800", "arguments": {}}</tool_call>""", """<tool_call>{"name": "\ud800", "arguments": {}}</tool_call>""", "" },
        { """<tool_call>{"name": "now", "arguments": [1]}</tool_call>""", """<tool_call>{"name": "now", "arguments": [1]}</tool_call>""", "" },
        { """<tool_call>{"name": "now", "arguments": "no"}</tool_call>""", """<tool_call>{"name": "now", "arguments": "no"}</tool_call>""", "" },
        { """<tool_call>{"arguments": {}}</tool_call>""", """<tool_call>{"arguments": {}}</tool_call>""", "" },
        { """<tool_call>{"name": "now" """, """<tool_call>{"name": "now" """, "" },
        { """<tool_call>{"name": "now"</tool""", """<tool_call>{"name": "now"</tool""", "" },
        { "<tool_call>", "<tool_call>", "" },
        { "a <tool_ca", "a <tool_ca", "" },
        { "1 < 2 <tool>", "1 < 2 <tool>", "" },
        // a real call behind a false one
        { "<tool_call>" + Call("{}"), "<tool_call>", "[get_weather]{}" },
        { "<tool_call>{<tool_call>{\"name\":\"now\"}</tool_call>", "<tool_call>{", "[now]{}" },
        // rest behind shown arguments is not lost
        { """<tool_call>{"name": "now", "arguments": {}} oops</tool_call>""", "} oops</tool_call>", "[now]{}" },
    };

    public static string Call(string arguments) => $$"""<tool_call>{{"\n"}}{"name": "get_weather", "arguments": {{arguments}}}{{"\n"}}</tool_call>""";

    [Theory]
    [MemberData(nameof(Texts))]
    public void ATextIsTakenApart_HoweverItIsSplit(string text, string content, string calls)
    {
        var expected = new Parsed(content, "", calls);
        Assert.Equal(expected, Parsed.Of(Create(), [text]));
        Assert.Equal(expected, Parsed.Of(Create(), text.Select(c => c.ToString())));
        for (var cut = 0; cut <= text.Length; cut++)
        {
            Assert.Equal(expected, Parsed.Of(Create(), [text[..cut], text[cut..]]));
        }
    }

    [Fact]
    public void Arguments_AreShown_AsSoonAsTheyCome()
    {
        List<ChatEvent> events = [];
        var parser = Create();

        parser.Push("""<tool_call>{"name": "now", "arguments": {"a":""", events);
        Assert.Equal([new ToolCallDelta(0, ((ToolCallDelta)events[0]).Id, "now", """{"a":""")], events);
        parser.Push(" 1", events);
        parser.Push("}", events);
        parser.Push("}", events);

        Assert.Equal([new ToolCallDelta(0, null, null, " 1"), new ToolCallDelta(0, null, null, "}")], events.Skip(1));
    }

    [Fact]
    public void Content_IsShown_UpToWhatMayBeATag()
    {
        List<ChatEvent> events = [];
        var parser = Create();
        parser.Push("one two \n<tool", events);
        Assert.Equal([new ContentDelta("one two")], events);
        parser.Push("box", events);
        Assert.Equal(new ContentDelta(" \n<toolbox"), events[1]);
    }

    [Fact]
    public void OnlyTheFirstCall_IsKept_WhereCallsMayNotBeParallel() =>
        Assert.Equal(new("xy", "", """[get_weather]{"a":1}"""), Parsed.Of(
            ChatOutputParsers.Create(Parsed.Model(), Parsed.Request(parallel: false), false),
            ["x" + Call("""{"a":1}""") + Call("""{"b":1}""") + "y"]));

    [Theory]
    [InlineData(null, ToolChoiceMode.Auto)]
    [InlineData(Parsed.Tools, ToolChoiceMode.None)]
    public void Calls_AreText_WhereNoToolMayBeCalled(string? tools, ToolChoiceMode choice)
    {
        var text = " " + Call("{}") + " ";
        Assert.Equal(new(text, "", ""), Parsed.Of(ChatOutputParsers.Create(Parsed.Model(), Parsed.Request(tools, choice: choice), false), [text]));
    }

    [Fact]
    public void CallIds_AreUniqueInAnAnswer_AndTheSameAfterAResume()
    {
        string[] Ids() => [.. Events(Call("{}") + Call("{}")).OfType<ToolCallDelta>().Where(delta => delta.Id is not null).Select(delta => delta.Id!)];
        Assert.Equal(2, Ids().Distinct().Count());
        Assert.Equal(Ids(), Ids());
    }

    [Theory]
    [InlineData(ToolChoiceMode.Named, "now", """ {"zone": "UTC"}}""" + "\n</tool_call>", """[now]{"zone": "UTC"}""")]
    [InlineData(ToolChoiceMode.Named, "we \"quote\"", "{}}", """[we "quote"]{}""")]
    [InlineData(ToolChoiceMode.Required, null, """ "now", "arguments": {}}</tool_call>""", "[now]{}")]
    public void AForcedCall_IsReadFromItsForcedOpening(ToolChoiceMode choice, string? name, string output, string calls)
    {
        var request = Parsed.Request(choice: choice, name: name);
        var forced = ChatOutputParsers.ForcedText(Parsed.Model(), request, reasoningOpen: false);
        Assert.Equal(new("", "", calls), Parsed.Of(ChatOutputParsers.Create(Parsed.Model(), request, false), [forced, output]));
    }

    [Fact]
    public void ForcedText_NamesTheFunction_WhereOneCallIsRequiredAndOneFunctionOffered()
    {
        var request = Parsed.Request("""[{"type":"function","function":{"name":"now"}}]""", choice: ToolChoiceMode.Required);
        Assert.Equal("<tool_call>\n{\"name\": \"now\", \"arguments\":", ChatOutputParsers.ForcedText(Parsed.Model(), request, false));
    }

    [Fact]
    public void ForcedText_IsEmpty_WhereTheModelDecides() => Assert.Equal("", ChatOutputParsers.ForcedText(Parsed.Model(), Parsed.Request(), false));

    [Fact]
    public void ForcedText_ClosesOpenReasoningFirst()
    {
        var model = Parsed.Model(reasoning: "qwen3");
        var request = Parsed.Request(choice: ToolChoiceMode.Named, name: "now");
        var forced = ChatOutputParsers.ForcedText(model, request, reasoningOpen: true);
        Assert.StartsWith("\n</think>\n\n<tool_call>", forced, StringComparison.Ordinal);
        Assert.Equal(new("", "", "[now]{}"), Parsed.Of(ChatOutputParsers.Create(model, request, true), [forced, "{}}\n</tool_call>"]));
    }

    [Fact]
    public void ForcedText_IsRefused_ForAModelWithoutToolCalls()
    {
        var fault = Assert.Throws<RequestException>(() => ChatOutputParsers.ForcedText(Parsed.Model(tools: null), Parsed.Request(choice: ToolChoiceMode.Required), false));
        Assert.Equal((RequestErrors.InvalidValue, "tool_choice"), (fault.Code, fault.Parameter));
    }

    [Fact]
    public void UnknownSyntaxes_AreRefused_WithTheListOfKnownOnes()
    {
        Assert.Contains("glm45, glm47, hermes, kimi_k2, qwen25, qwen3_coder", Assert.Throws<ArgumentException>(() => ToolCallParsers.Get("nope")).Message, StringComparison.Ordinal);
        Assert.Contains("deepseek_r1, deepseek_v3, glm45", Assert.Throws<ArgumentException>(() => ReasoningParsers.Get("nope")).Message, StringComparison.Ordinal);
    }

    private static ChatOutputParser Create() => ChatOutputParsers.Create(Parsed.Model(), Parsed.Request(), reasoningOpen: false);

    private static List<ChatEvent> Events(string text)
    {
        List<ChatEvent> events = [];
        var parser = Create();
        parser.Push(text, events);
        parser.Finish(events);
        return events;
    }
}
