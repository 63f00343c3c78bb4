using System.Text.RegularExpressions;
using XLLM.Gateway.OpenAI;
using XLLM.Gateway.Tests.Hosting;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.Tests.OpenAI;

/// <summary>Chat streams, byte for byte.</summary>
public sealed class ChatStreamTests
{
    private const string Path = "/v1/chat/completions";
    private const string Body = """{"model":"tiny","stream":true,"messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public async Task AnAnswer_IsARoleThenTextThenAFinishReason() => Assert.Equal(
        Chunk("""{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}""")
        + Chunk("""{"index":0,"delta":{"content":"Hello"},"logprobs":null,"finish_reason":null}""")
        + Chunk("""{"index":0,"delta":{"content":" wörld"},"logprobs":null,"finish_reason":null}""")
        + Chunk("""{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}""")
        + "data: [DONE]\n\n",
        await StreamAsync(Body, new ChatStarted(5), new ContentDelta("Hello"), new ContentDelta(" wörld"), ScriptedClient.Ended()));

    [Fact]
    public async Task Usage_ComesLast_WithoutChoices() => Assert.EndsWith(
        $$$$"""
        data: {"id":"ID","object":"chat.completion.chunk","created":1790000000,"model":"tiny","system_fingerprint":"{{{{ServerVersion.Fingerprint}}}}","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":2}}}

        data: [DONE]


        """,
        await StreamAsync(Body.Replace("\"stream\":true", "\"stream\":true,\"stream_options\":{\"include_usage\":true}", StringComparison.Ordinal), new ChatStarted(5), new ContentDelta("x"), ScriptedClient.Ended()),
        StringComparison.Ordinal);

    [Fact]
    public async Task ReasoningAndToolCalls_HaveTheirOwnFields() => Assert.Equal(
        Chunk("""{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}""")
        + Chunk("""{"index":0,"delta":{"reasoning_content":"Hm","reasoning":"Hm"},"logprobs":null,"finish_reason":null}""")
        + Chunk("""{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]},"logprobs":null,"finish_reason":null}""")
        + Chunk("""{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":1}"}}]},"logprobs":null,"finish_reason":null}""")
        + Chunk("""{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}""")
        + "data: [DONE]\n\n",
        await StreamAsync(
            Body,
            new ChatStarted(5),
            new ReasoningDelta("Hm"),
            new ToolCallDelta(0, "call_1", "f", ""),
            new ToolCallDelta(0, null, null, """{"a":1}"""),
            ScriptedClient.Ended(calledTools: true)));

    [Fact]
    public async Task Logprobs_HaveTokenBytesAndAlternatives_AndNoInfinity() => Assert.Contains(
        """
        "logprobs":{"content":[{"token":"\u003C","logprob":-0.5,"bytes":[60],"top_logprobs":[{"token":"\u003C","logprob":-0.5,"bytes":[60]},{"token":"é","logprob":-9999,"bytes":[195,169]}]}],"refusal":null}
        """.Replace("\\u003C", "<", StringComparison.Ordinal).TrimEnd(),
        await StreamAsync(Body, new ChatStarted(5), new ContentDelta("", [Token("<", -0.5f, Token("<", -0.5f), Token("é", float.NegativeInfinity))]), ScriptedClient.Ended()),
        StringComparison.Ordinal);

    [Fact]
    public async Task AStopString_IsNamed() => Assert.Contains(
        "\"finish_reason\":\"stop\",\"stop_reason\":\"5 6\"",
        await StreamAsync(Body, new ChatStarted(5), ScriptedClient.Ended(stopText: "5 6")),
        StringComparison.Ordinal);

    [Fact]
    public async Task SeveralAnswers_AreToldApartByIndex()
    {
        await using var host = await GatewayHost.StartAsync(new ManualClock());
        host.Client.Chat = (request, _) => ScriptedClient.Answer($"seed {request.Sampling.Seed}");
        var text = await host.PostTextAsync(Path, Body.Replace("\"stream\":true", "\"stream\":true,\"n\":3,\"seed\":7", StringComparison.Ordinal));
        for (var i = 0; i < 3; i++)
        {
            Assert.Contains($"{{\"index\":{i},\"delta\":{{\"content\":\"seed {7 + i}\"}}", text, StringComparison.Ordinal);
            Assert.Contains($"{{\"index\":{i},\"delta\":{{}},\"logprobs\":null,\"finish_reason\":\"stop\"", text, StringComparison.Ordinal);
        }

        Assert.Equal(3, host.Client.ChatRequests.Select(request => request.RequestId).Distinct().Count());
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ItsHeaders_AreThoseOfAnEventStream()
    {
        await using var host = await GatewayHost.StartAsync();
        using var response = await host.PostAsync(Path, Body);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        Assert.True(response.Headers.CacheControl?.NoCache);
        Assert.StartsWith("req-", Assert.Single(response.Headers.GetValues("X-Request-Id")), StringComparison.Ordinal);
    }

    private static TokenLogprob Token(string text, float logprob, params TokenLogprob[] top) =>
        new() { TokenId = 1, Text = text, Bytes = System.Text.Encoding.UTF8.GetBytes(text), Logprob = logprob, Top = top };

    private static string Chunk(string choice) =>
        $"data: {{\"id\":\"ID\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,\"model\":\"tiny\",\"system_fingerprint\":\"{ServerVersion.Fingerprint}\",\"choices\":[{choice}]}}\n\n";

    private static async Task<string> StreamAsync(string body, params ChatEvent[] events)
    {
        await using var host = await GatewayHost.StartAsync(new ManualClock());
        host.Client.Chat = (_, _) => ScriptedClient.Events(events);
        return Regex.Replace(await host.PostTextAsync(Path, body), "chatcmpl-[0-9a-f]{32}", "ID");
    }
}
