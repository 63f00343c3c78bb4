using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Parsing;

namespace XLLM.Grains.Interfaces.Tests.Parsing;

/// <summary>The tool-call syntaxes of the families: what their chat templates render for an assistant's calls reads back, and what is malformed is given back.</summary>
public sealed class FamilySyntaxTests
{
    internal const string Tools = """
        [
          {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {
            "city": {"type": "string"}, "days": {"type": "integer"}, "metric": {"type": "boolean"}, "where": {"type": "object"}, "hours": {"type": "array"},
            "note": {"type": ["string", "null"]}, "limit": {"anyOf": [{"type": "number"}, {"type": "null"}]}, "mode": {"enum": ["1", "2"]}, "free": {"description": "anything"}
          }}}},
          {"type": "function", "function": {"name": "now"}}
        ]
        """;

    private const string V3Begin = "<｜tool▁calls▁begin｜>";
    private const string V3End = "<｜tool▁calls▁end｜>";
    private const string KimiBegin = "<|tool_calls_section_begin|>";
    private const string KimiEnd = "<|tool_calls_section_end|>";
    private const string DsmlBegin = "\n\n<｜DSML｜function_calls>\n";
    private const string DsmlEnd = "</｜DSML｜function_calls>";

    /// <summary>Every syntax with a call for <c>now</c>.</summary>
    private static readonly (string Format, string Now)[] Nows =
    [
        ("hermes", "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>"),
        ("qwen3_coder", "<tool_call>\n<function=now>\n</function>\n</tool_call>"),
        ("deepseek_v3", V3Begin + "<｜tool▁call▁begin｜>function<｜tool▁sep｜>now\n```json\n{}\n```<｜tool▁call▁end｜>" + V3End),
        ("deepseek_v31", V3Begin + "<｜tool▁call▁begin｜>now<｜tool▁sep｜>{}<｜tool▁call▁end｜>" + V3End),
        ("deepseek_v32", DsmlBegin + "<｜DSML｜invoke name=\"now\">\n</｜DSML｜invoke>\n" + DsmlEnd),
        ("glm45", "\n<tool_call>now\n</tool_call>"),
        ("glm47", "<tool_call>now</tool_call>"),
        ("kimi_k2", KimiBegin + "<|tool_call_begin|>functions.now:0<|tool_call_argument_begin|>{}<|tool_call_end|>" + KimiEnd),
    ];

    public static TheoryData<string, string, string, string> Texts => new()
    {
        // format, text, content, calls
        // --- as the families' templates render calls
        {
            "qwen3_coder",
            "Let me look.\n\n<tool_call>\n<function=get_weather>\n<parameter=city>\nTokyo\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=now>\n</function>\n</tool_call>",
            "Let me look.", """[get_weather]{"city": "Tokyo", "days": 3}[now]{}"""
        },
        {
            "deepseek_v3",
            "Let me look." + V3Begin + "<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{\"city\": \"Tokyo\"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>now\n```json\n{}\n```<｜tool▁call▁end｜>" + V3End,
            "Let me look.", """[get_weather]{"city": "Tokyo"}[now]{}"""
        },
        {
            "deepseek_v31",
            "Let me look." + V3Begin + "<｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{\"city\": \"Tokyo\", \"where\": {\"a\": [1]}}<｜tool▁call▁end｜><｜tool▁call▁begin｜>now<｜tool▁sep｜>{}<｜tool▁call▁end｜>" + V3End,
            "Let me look.", """[get_weather]{"city": "Tokyo", "where": {"a": [1]}}[now]{}"""
        },
        {
            "deepseek_v32",
            "Let me look." + DsmlBegin + "<｜DSML｜invoke name=\"get_weather\">\n<｜DSML｜parameter name=\"city\" string=\"true\">Tokyo</｜DSML｜parameter>\n<｜DSML｜parameter name=\"days\" string=\"false\">3</｜DSML｜parameter>\n"
                + "</｜DSML｜invoke>\n<｜DSML｜invoke name=\"now\">\n</｜DSML｜invoke>\n" + DsmlEnd,
            "Let me look.", """[get_weather]{"city": "Tokyo", "days": 3}[now]{}"""
        },
        {
            "glm45",
            "\nLet me look.\n<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Tokyo</arg_value>\n<arg_key>days</arg_key>\n<arg_value>3</arg_value>\n</tool_call>\n<tool_call>now\n</tool_call>",
            "\nLet me look.", """[get_weather]{"city": "Tokyo", "days": 3}[now]{}"""
        },
        {
            "glm47",
            "Let me look.<tool_call>get_weather<arg_key>city</arg_key><arg_value>Tokyo</arg_value><arg_key>days</arg_key><arg_value>3</arg_value></tool_call><tool_call>now</tool_call>",
            "Let me look.", """[get_weather]{"city": "Tokyo", "days": 3}[now]{}"""
        },
        {
            "kimi_k2",
            "Let me look." + KimiBegin + "<|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{\"city\": \"Tokyo\"}<|tool_call_end|><|tool_call_begin|>functions.now:1<|tool_call_argument_begin|>{}<|tool_call_end|>" + KimiEnd,
            "Let me look.", """[get_weather]{"city": "Tokyo"}[now]{}"""
        },

        // --- values typed by the schema
        { "qwen3_coder", Coder("city", "5"), "", """[get_weather]{"city": "5"}""" },
        { "qwen3_coder", Coder("city", " a \n\n\"b\\\"\t</p>\n"), "", """[get_weather]{"city": " a \n\n\"b\\\"\t</p>\n"}""" },
        { "qwen3_coder", Coder("metric", "True"), "", """[get_weather]{"metric": true}""" },
        { "qwen3_coder", Coder("metric", " false "), "", """[get_weather]{"metric": false}""" },
        { "qwen3_coder", Coder("days", "three"), "", """[get_weather]{"days": "three"}""" },
        { "qwen3_coder", Coder("days", "None"), "", """[get_weather]{"days": null}""" },
        { "qwen3_coder", Coder("where", "{\"a\": [1,\n2]}"), "", "[get_weather]{\"where\": {\"a\": [1,\n2]}}" },
        { "qwen3_coder", Coder("where", "{\"a\": "), "", """[get_weather]{"where": "{\"a\": "}""" },
        { "qwen3_coder", Coder("note", "null"), "", """[get_weather]{"note": null}""" },
        { "qwen3_coder", Coder("note", "5"), "", """[get_weather]{"note": "5"}""" },
        { "qwen3_coder", Coder("limit", "1.50"), "", """[get_weather]{"limit": 1.50}""" },
        { "qwen3_coder", Coder("mode", "1"), "", """[get_weather]{"mode": "1"}""" },
        { "qwen3_coder", Coder("free", "1"), "", """[get_weather]{"free": 1}""" },
        { "qwen3_coder", Coder("free", "True"), "", """[get_weather]{"free": "True"}""" },
        { "qwen3_coder", Coder("undeclared", "1"), "", """[get_weather]{"undeclared": "1"}""" },
        { "glm45", Glm("city", "5"), "", """[get_weather]{"city": "5"}""" },
        { "glm45", Glm("city", "\n"), "", """[get_weather]{"city": "\n"}""" },
        { "glm45", Glm("hours", "[1, 2]"), "", """[get_weather]{"hours": [1, 2]}""" },
        { "glm45", Glm("undeclared", "[1]"), "", """[get_weather]{"undeclared": [1]}""" },
        { "glm45", Glm("undeclared", "a"), "", """[get_weather]{"undeclared": "a"}""" },
        { "glm45", Glm("undeclared", "\"a\""), "", """[get_weather]{"undeclared": "\"a\""}""" },
        { "deepseek_v32", Dsml("days\" string=\"true", "3"), "", """[get_weather]{"days": "3"}""" },
        { "deepseek_v32", Dsml("city\" string=\"false", "{\"a\": 1}"), "", """[get_weather]{"city": {"a": 1}}""" },
        { "deepseek_v32", Dsml("city\" string=\"false", "Tokyo"), "", """[get_weather]{"city": "Tokyo"}""" },
        { "deepseek_v32", Dsml("city", "3"), "", """[get_weather]{"city": "3"}""" },
        { "deepseek_v32", Dsml("free", "3"), "", """[get_weather]{"free": 3}""" },

        // --- several calls in one section, white space, text behind
        { "qwen3_coder", "<tool_call><function=now></function> <function=now></function></tool_call> x", "x", "[now]{}[now]{}" },
        { "kimi_k2", KimiBegin + " <|tool_call_begin|> functions.now:7 <|tool_call_argument_begin|> {\"a\": \"<|}\"} <|tool_call_end|> " + KimiEnd + "\nx", "x", """[now]{"a": "<|}"}""" },
        { "kimi_k2", KimiBegin + "<|tool_call_begin|>now<|tool_call_argument_begin|><|tool_call_end|>" + KimiEnd, "", "[now]{}" },
        { "kimi_k2", KimiBegin + "<|tool_call_begin|>functions.a:b:<|tool_call_argument_begin|>{}<|tool_call_end|>" + KimiEnd, "", "[a:b]{}" },
        { "deepseek_v3", V3Begin + "<｜tool▁call▁begin｜>function<｜tool▁sep｜>now\n```json\n{}\n<｜tool▁call▁end｜>" + V3End, "", "[now]{}" },

        // --- cut off: what was shown stays, what was not is text
        { "qwen3_coder", "<tool_call>\n<function=get_weather>\n<parameter=city>\nTok", "", """[get_weather]{"city": "Tok""" },
        { "qwen3_coder", "<tool_call>\n<function=get_weather>\n<parameter=days>\n12", "", """[get_weather]{"days": 12""" },
        { "qwen3_coder", "<tool_call>\n<function=now>\n</function>\n</tool", "", "[now]{}" },
        { "qwen3_coder", "<tool_call>\n<function=now>\n", "<tool_call>\n<function=now>\n", "" },
        { "deepseek_v31", V3Begin + "<｜tool▁call▁begin｜>now<｜tool▁sep｜>{\"a\": {", "", """[now]{"a": {""" },
        { "deepseek_v31", V3Begin + "<｜tool▁call▁begin｜>now<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁call▁begin｜>no", "<｜tool▁call▁begin｜>no", "[now]{}" },
        { "glm47", "<tool_call>get_weather<arg_key>ci", "", """[get_weather]{"ci""" },

        // --- malformed: given back
        { "qwen3_coder", "a <tool_call>{\"name\": \"now\"}</tool_call> b", "a <tool_call>{\"name\": \"now\"}</tool_call> b", "" },
        { "qwen3_coder", "<tool_call><function=></function></tool_call>", "<tool_call><function=></function></tool_call>", "" },
        { "qwen3_coder", "<tool_call>\n<function=now>x</function>\n</tool_call>", "<tool_call>\n<function=now>x</function>\n</tool_call>", "" },
        { "qwen3_coder", "<tool_call>" + Coder("days", "1"), "<tool_call>", """[get_weather]{"days": 1}""" },
        { "qwen3_coder", "<tool_call>\n<function=get_weather>\n<parameter=days>\n1\n</parameter>\noops</tool_call>", "oops</tool_call>", """[get_weather]{"days": 1}""" },
        { "deepseek_v3", V3Begin + "now" + V3End, V3Begin + "now" + V3End, "" },
        { "deepseek_v3", V3Begin + V3End, V3Begin + V3End, "" },
        { "deepseek_v31", V3Begin + "<｜tool▁call▁begin｜>now<｜tool▁sep｜>[1]<｜tool▁call▁end｜>", V3Begin + "<｜tool▁call▁begin｜>now<｜tool▁sep｜>[1]<｜tool▁call▁end｜>", "" },
        { "deepseek_v31", V3Begin + "<｜tool▁call▁begin｜>now<｜tool▁sep｜>{} oops<｜tool▁call▁end｜>", "oops<｜tool▁call▁end｜>", "[now]{}" },
        { "deepseek_v32", "<｜DSML｜function_calls>\n<｜DSML｜invoke>", "<｜DSML｜function_calls>\n<｜DSML｜invoke>", "" },
        { "glm47", "<tool_call>two words</tool_call>", "<tool_call>two words</tool_call>", "" },
        { "glm47", "<tool_call></tool_call>", "<tool_call></tool_call>", "" },
        { "kimi_k2", KimiBegin + "<|tool_call_begin|>functions.:0<|tool_call_argument_begin|>{}<|tool_call_end|>", KimiBegin + "<|tool_call_begin|>functions.:0<|tool_call_argument_begin|>{}<|tool_call_end|>", "" },
    };

    public static TheoryData<string> Formats => [.. Nows.Select(now => now.Format)];

    public static TheoryData<string, int> FormatsAndSeeds => [.. Nows.SelectMany(_ => Enumerable.Range(0, 5), (now, seed) => (now.Format, seed))];

    [Theory]
    [MemberData(nameof(Texts))]
    public void ATextIsTakenApart_HoweverItIsSplit(string format, string text, string content, string calls)
    {
        var expected = new Parsed(content, "", calls);
        Assert.Equal(expected, Parsed.Of(Create(format), [text]));
        Assert.Equal(expected, Parsed.Of(Create(format), text.Select(c => c.ToString())));
        for (var cut = 0; cut <= text.Length; cut++)
        {
            Assert.Equal(expected, Parsed.Of(Create(format), [text[..cut], text[cut..]]));
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void OnlyTheFirstCall_IsKept_WhereCallsMayNotBeParallel(string format) =>
        Assert.Equal(new("xy", "", "[now]{}"), Parsed.Of(Create(format, Parsed.Request(Tools, parallel: false)), ["x" + Now(format) + Now(format) + "y"]));

    [Theory]
    [MemberData(nameof(Formats))]
    public void AForcedCall_IsReadFromItsForcedOpening(string format)
    {
        var syntax = ToolCallParsers.Get(format);
        var call = Now(format).TrimStart();
        foreach (var opening in new[] { syntax.Opening("now"), syntax.Opening(null) })
        {
            Assert.Equal(opening, opening.Trim());
            Assert.StartsWith(opening, call, StringComparison.Ordinal);
            Assert.Equal(new("", "", "[now]{}"), Parsed.Of(Create(format), [opening, call[opening.Length..]]));
        }
    }

    [Theory]
    [MemberData(nameof(FormatsAndSeeds))]
    public void Garbage_ParsesTheSame_HoweverItIsSplit_AndNeverThrows(string format, int seed)
    {
        var random = new Random(seed);
        var sources = Texts.Select(row => row.Data).Where(row => row.Item1 == format).Select(row => row.Item2).Append(Now(format)).ToArray();
        string[] fragments = ["\n", " ", "x", "{", "}", "\"", "\\", "<", ">", "\u00e9", "\U0001F600"[..1], "\U0001F600", "</tool_call>", "5"];
        for (var round = 0; round < 300; round++)
        {
            // Pieces of well-formed texts, cut anywhere, with other characters between them.
            var text = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => random.Next(3) == 0 ? fragments[random.Next(fragments.Length)] : Piece(sources[random.Next(sources.Length)])));
            var request = Parsed.Request(Tools, parallel: random.Next(4) > 0);
            var whole = Parsed.Of(Create(format, request), text.Length == 0 ? [] : [text]);

            Assert.Equal(whole, Parsed.Of(Create(format, request), Parsed.Split(text, random)));
            Assert.Equal(whole, Parsed.Of(Create(format, request), text.Select(c => c.ToString())));
        }

        string Piece(string source)
        {
            var marks = random.Next(2) == 0;    // whole tags, so that deeper states are reached
            var from = random.Next(source.Length);
            var to = random.Next(from, source.Length) + 1;
            return marks ? source[(source.LastIndexOf('<', from) is var open and >= 0 ? open : 0)..(source.IndexOf('>', to - 1) is var close and >= 0 ? close + 1 : to)] : source[from..to];
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void TextWithoutTags_IsAllContent(string format)
    {
        var text = " a < b \n > {\"name\": 1} </tool_call> <|x|> <｜y｜> ";
        Assert.Equal(new(text, "", ""), Parsed.Of(Create(format), [text]));
    }

    [Theory]
    [InlineData("functions.now:3", "functions.now:3")]
    [InlineData("now:3", null)]
    [InlineData("functions.now", null)]
    public void TheIdThatKimiWrites_IsTheCallsId(string header, string? id)
    {
        List<ChatEvent> events = [];
        Create("kimi_k2").Push(KimiBegin + "<|tool_call_begin|>" + header + "<|tool_call_argument_begin|>{}<|tool_call_end|>" + KimiEnd, events);
        var call = Assert.IsType<ToolCallDelta>(Assert.Single(events));
        Assert.Equal("now", call.Name);
        if (id is null)
        {
            Assert.StartsWith("call_", call.Id, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(id, call.Id);
        }
    }

    [Theory]
    [InlineData("hermes", false)]
    [InlineData("qwen3_coder", false)]
    [InlineData("glm45", false)]
    [InlineData("deepseek_v3", true)]
    [InlineData("deepseek_v31", true)]
    [InlineData("deepseek_v32", true)]
    [InlineData("kimi_k2", true)]
    public void SpecialTokens_AreKept_WhereTheyMarkCalls_AndOnlyIfToolsAreOffered(string format, bool needed)
    {
        Assert.Equal(needed, ChatOutputParsers.NeedsSpecialTokens(Parsed.Model(tools: format), Parsed.Request(Tools)));
        Assert.False(ChatOutputParsers.NeedsSpecialTokens(Parsed.Model(tools: format), Parsed.Request(tools: null)));
    }

    [Fact]
    public void StringValues_AreShown_AsTheyCome()
    {
        List<ChatEvent> events = [];
        var parser = Create("qwen3_coder");
        parser.Push("<tool_call>\n<function=get_weather>\n<parameter=city>\nTo", events);
        Assert.Equal([new ToolCallDelta(0, ((ToolCallDelta)events[0]).Id, "get_weather", """{"city": "To""")], events);
        parser.Push("ky\"o\n", events);
        parser.Push("</parameter>", events);
        Assert.Equal([new ToolCallDelta(0, null, null, "ky\\\"o"), new ToolCallDelta(0, null, null, "\"")], events.Skip(1));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("{}")]
    [InlineData("[1, {\"function\": 2}, {\"function\": {\"name\": 3}}, {\"function\": {\"name\": \"get_weather\", \"parameters\": []}}]")]
    [InlineData("""[{"function": {"name": "get_weather", "parameters": {"properties": {"days": 5, "city": {"type": 7}}}}}]""")]
    public void OddSchemas_GiveNoTypes_AndDoNotThrow(string tools) =>
        Assert.Equal(new("", "", """[get_weather]{"other": "1"}"""), Parsed.Of(Create("qwen3_coder", Parsed.Request(tools)), [Coder("other", "1")]));

    private static string Now(string format) => Nows.Single(now => now.Format == format).Now;

    private static string Coder(string key, string value) => $"<tool_call>\n<function=get_weather>\n<parameter={key}>\n{value}\n</parameter>\n</function>\n</tool_call>";

    private static string Glm(string key, string value) => $"\n<tool_call>get_weather\n<arg_key>{key}</arg_key>\n<arg_value>{value}</arg_value>\n</tool_call>";

    private static string Dsml(string key, string value) =>
        $"{DsmlBegin}<｜DSML｜invoke name=\"get_weather\">\n<｜DSML｜parameter name=\"{key}\">{value}</｜DSML｜parameter>\n</｜DSML｜invoke>\n{DsmlEnd}";

    private static ChatOutputParser Create(string format, ChatRequest? request = null) =>
        ChatOutputParsers.Create(Parsed.Model(tools: format), request ?? Parsed.Request(Tools), reasoningOpen: false);
}
