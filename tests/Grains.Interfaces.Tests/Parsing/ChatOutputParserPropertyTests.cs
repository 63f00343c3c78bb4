using System.Text;
using XLLM.Grains.Interfaces.Parsing;

namespace XLLM.Grains.Interfaces.Tests.Parsing;

/// <summary>Properties over random texts: no split matters, nothing throws, well-formed output comes out as it was put in.</summary>
public sealed class ChatOutputParserPropertyTests
{
    private static readonly string[] Fragments =
    [
        "<tool_call>", "</tool_call>", "<think>", "</think>", "<", "</", "tool_call>", "<tool", "{", "}", "[", "]", "\"", "\\", ":", ",", " ", "\n", "\"name\"", "\"arguments\"",
        "\"parameters\"", "null", "1", "x", "text", "\u00e9", "\U0001F600", "{\"name\": \"now\", \"arguments\": {", "}}", "\"a\": \"b\"", "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>",
    ];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 20)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Garbage_ParsesTheSame_HoweverItIsSplit(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => Fragments[random.Next(Fragments.Length)]));
            var open = random.Next(2) == 0;
            var parallel = random.Next(4) > 0;
            var reasoning = random.Next(2) == 0 ? "deepseek_r1" : null;
            var whole = Parse(text.Length == 0 ? [] : [text]);

            Assert.Equal(whole, Parse(Parsed.Split(text, random)));
            Assert.Equal(whole, Parse(text.Select(c => c.ToString())));

            Parsed Parse(IEnumerable<string> pieces) =>
                Parsed.Of(ChatOutputParsers.Create(Parsed.Model(reasoning: reasoning), Parsed.Request(parallel: parallel), reasoning is not null && open), pieces);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void RandomCharacters_NeverThrow_AndAreNotLostWithoutTags(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 200; round++)
        {
            var text = new string([.. Enumerable.Range(0, random.Next(100)).Select(_ => (char)random.Next(random.Next(2) == 0 ? 128 : 0xD800))]);
            var parsed = Parsed.Of(ChatOutputParsers.Create(Parsed.Model(), Parsed.Request(), false), Parsed.Split(text, random));
            Assert.Equal(new(text, "", ""), parsed);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void WellFormedOutput_ComesOutAsItWasPutIn(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 200; round++)
        {
            StringBuilder text = new(), content = new(), calls = new();
            var reasoning = random.Next(2) == 0 ? Word(random) : "";
            if (reasoning.Length > 0)
            {
                text.Append($"<think>\n{reasoning}\n</think>\n\n");
            }

            for (var i = random.Next(5); i > 0; i--)
            {
                if (random.Next(2) == 0)
                {
                    var arguments = $$"""{"{{Word(random)}}": ["{{Word(random)}} \" }", {{random.Next()}}, {}]}""";
                    text.Append($"\n<tool_call>{Space(random)}{{\"name\":{Space(random)}\"now\", \"arguments\": {arguments}{Space(random)}}}\n</tool_call>{Space(random)}");
                    calls.Append("[now]" + arguments);
                }
                else
                {
                    var word = Word(random);
                    text.Append(word);
                    content.Append(word);
                }
            }

            var parser = ChatOutputParsers.Create(Parsed.Model(reasoning: "qwen3"), Parsed.Request(), false);
            Assert.Equal(new(content.ToString(), reasoning, calls.ToString()), Parsed.Of(parser, Parsed.Split(text.ToString(), random)));
        }
    }

    private static string Word(Random random) => new([.. Enumerable.Range(0, random.Next(1, 8)).Select(_ => "abc<>/{}:,é漢"[random.Next(12)])]);

    private static string Space(Random random) => random.Next(3) switch { 0 => "", 1 => " ", _ => "\n\t" };
}
