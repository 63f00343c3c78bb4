using System.Text;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Parsing;

namespace XLLM.Grains.Interfaces.Tests.Parsing;

/// <summary>What a parser's events join to.</summary>
internal sealed record Parsed(string Content, string Reasoning, string Calls)
{
    public const string Tools = """[{"type":"function","function":{"name":"get_weather"}},{"type":"function","function":{"name":"now"}}]""";

    public static ModelDescriptor Model(string? tools = "hermes", string? reasoning = null) => new()
    {
        Name = "m", Architecture = "A", MaxContext = 100, VocabularySize = 10, BlockTokens = 16, ToolCallFormat = tools, ReasoningFormat = reasoning,
    };

    public static ChatRequest Request(string? tools = Tools, bool parallel = true, ToolChoiceMode choice = ToolChoiceMode.Auto, string? name = null) => new()
    {
        RequestId = "r", Model = "m", Messages = [ChatMessage.FromText("user", "hi")], ToolsJson = tools, ParallelToolCalls = parallel, ToolChoice = choice, ToolChoiceName = name,
    };

    /// <summary>Pushes the pieces and joins the events; checks what must hold for every stream of events.</summary>
    public static Parsed Of(ChatOutputParser parser, IEnumerable<string> pieces)
    {
        List<ChatEvent> events = [];
        foreach (var piece in pieces)
        {
            parser.Push(piece, events);
        }

        parser.Finish(events);
        var parsed = Join(events);
        Assert.Equal(parsed.Calls.Length > 0, parser.CalledTools);
        return parsed;
    }

    public static Parsed Join(IEnumerable<ChatEvent> events)
    {
        StringBuilder content = new(), reasoning = new(), calls = new();
        var begun = 0;
        foreach (var next in events)
        {
            switch (next)
            {
                case ContentDelta delta:
                    Assert.NotEqual("", delta.Text);
                    content.Append(delta.Text);
                    break;
                case ReasoningDelta delta:
                    Assert.NotEqual("", delta.Text);
                    reasoning.Append(delta.Text);
                    break;
                case ToolCallDelta { Id: not null } delta:
                    Assert.Equal(begun++, delta.Index);
                    Assert.Matches(@"^(call_[0-9a-f]{24}|functions\.[^:]+:\d+)$", delta.Id);
                    calls.Append($"[{delta.Name}]{delta.Arguments}");
                    break;
                case ToolCallDelta delta:
                    Assert.Equal(begun - 1, delta.Index);
                    Assert.Null(delta.Name);
                    calls.Append(delta.Arguments);
                    break;
                default:
                    Assert.Fail($"a parser wrote {next}");
                    break;
            }
        }

        return new(content.ToString(), reasoning.ToString(), calls.ToString());
    }

    /// <summary>Cuts a text at random places.</summary>
    public static IEnumerable<string> Split(string text, Random random)
    {
        var longest = random.Next(1, 12);
        for (var at = 0; at < text.Length;)
        {
            var length = Math.Min(random.Next(1, longest + 1), text.Length - at);
            yield return text.Substring(at, length);
            at += length;
        }
    }
}
