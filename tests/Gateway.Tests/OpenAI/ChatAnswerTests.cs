using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using XLLM.Gateway.OpenAI;
using XLLM.Gateway.Tests.Hosting;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.Tests.OpenAI;

/// <summary>Chat answers of one piece, and their errors.</summary>
public sealed class ChatAnswerTests
{
    private const string Path = "/v1/chat/completions";
    private const string Body = """{"model":"tiny","messages":[{"role":"user","content":"hi"}]}""";

    public static TheoryData<string, int, string> RequestFaults => new()
    {
        { RequestErrors.ModelNotFound, 404, "invalid_request_error" },
        { RequestErrors.ContextLengthExceeded, 400, "invalid_request_error" },
        { RequestErrors.InvalidTemplateInput, 400, "invalid_request_error" },
        { RequestErrors.SessionBusy, 409, "conflict_error" },
        { RequestErrors.Overloaded, 429, "rate_limit_error" },
        { RequestErrors.Unavailable, 503, "service_unavailable_error" },
        { RequestErrors.EngineFailed, 500, "server_error" },
    };

    [Fact]
    public async Task AnAnswer_HasEveryFieldOfOpenAI()
    {
        await using var host = await GatewayHost.StartAsync(new ManualClock());
        var text = (await host.PostJsonAsync(Path, Body)).ToJsonString();
        Assert.Equal(
            $$$$"""{"id":"ID","object":"chat.completion","created":1790000000,"model":"tiny","system_fingerprint":"{{{{ServerVersion.Fingerprint}}}}","choices":[{"index":0,"message":{"role":"assistant","content":"Hello world","refusal":null},"logprobs":null,"finish_reason":"stop","stop_reason":null}],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":2}}}""",
            Regex.Replace(text, "chatcmpl-[0-9a-f]{32}", "ID"));
    }

    [Fact]
    public async Task ToolCallsReasoningAndLogprobs_AreCollected()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Client.Chat = (_, _) => ScriptedClient.Events(
            new ChatStarted(5),
            new ReasoningDelta("H"),
            new ReasoningDelta("m"),
            new ToolCallDelta(0, "c0", "f", "{"),
            new ToolCallDelta(0, null, null, "}"),
            new ToolCallDelta(1, "c1", "g", "{\"a\":1}"),
            new ContentDelta("", [new TokenLogprob { TokenId = 1, Text = "x", Bytes = [120], Logprob = -1 }]),
            ScriptedClient.Ended(calledTools: true));
        var choice = (await host.PostJsonAsync(Path, Body.Replace("\"model\"", "\"logprobs\":true,\"model\"", StringComparison.Ordinal)))["choices"]![0]!;
        Assert.Equal(
            """{"role":"assistant","content":null,"refusal":null,"reasoning_content":"Hm","reasoning":"Hm","tool_calls":[{"id":"c0","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"c1","type":"function","function":{"name":"g","arguments":"{\u0022a\u0022:1}"}}]}""",
            choice["message"]!.ToJsonString());
        Assert.Equal("tool_calls", choice["finish_reason"]!.GetValue<string>());
        Assert.Equal("""{"content":[{"token":"x","logprob":-1,"bytes":[120],"top_logprobs":[]}],"refusal":null}""", choice["logprobs"]!.ToJsonString());
    }

    [Fact]
    public async Task SeveralAnswers_StartAfterThePromptIsComputed_AndCountItOnce()
    {
        await using var host = await GatewayHost.StartAsync();
        var started = 0;
        var startedBeforeOutput = 0;
        host.Client.Chat = (_, _) => RunAsync();
        var answer = await host.PostJsonAsync(Path, Body.Replace("\"model\"", "\"n\":3,\"model\"", StringComparison.Ordinal));

        Assert.Equal([0, 1, 2], answer["choices"]!.AsArray().Select(choice => choice!["index"]!.GetValue<int>()));
        Assert.Equal(1, startedBeforeOutput);
        Assert.Equal("""{"prompt_tokens":5,"completion_tokens":21,"total_tokens":26,"prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":6}}""", answer["usage"]!.ToJsonString());

        async IAsyncEnumerable<ChatEvent> RunAsync()
        {
            var first = Interlocked.Increment(ref started) == 1;
            yield return new ChatStarted(5);
            await Task.Yield();
            if (first)
            {
                startedBeforeOutput = started;
            }

            yield return new ContentDelta("x");
            yield return ScriptedClient.Ended();
        }
    }

    [Theory]
    [MemberData(nameof(RequestFaults))]
    public async Task AFaultOfThePlatform_HasItsStatus_StreamedOrNot(string code, int status, string type)
    {
        await using var host = await GatewayHost.StartAsync();
        host.Client.Chat = (_, _) => throw new RequestException(code, "what was wrong", "messages");
        foreach (var body in new[] { Body, Streamed(Body) })
        {
            var response = await host.PostAsync(Path, body);
            Assert.Equal(status is 429 or 503, response.Headers.RetryAfter?.Delta == TimeSpan.FromSeconds(1));
            var error = await GatewayHost.ErrorAsync(response, status);
            Assert.Equal(($"{code}", type, "what was wrong", "messages"), (Text(error, "code"), Text(error, "type"), Text(error, "message"), Text(error, "param")));
        }
    }

    [Theory]
    [InlineData(EndReason.TooLong, 400)]
    [InlineData(EndReason.Overloaded, 429)]
    [InlineData(EndReason.Unavailable, 503)]
    [InlineData(EndReason.Failed, 500)]
    public async Task ABadEnd_BeforeAnyOutput_HasItsStatus_StreamedOrNot(EndReason reason, int status)
    {
        await using var host = await GatewayHost.StartAsync();
        host.Client.Chat = (_, _) => ScriptedClient.Events(new ChatStarted(5), ScriptedClient.Ended(reason, message: "5 of 4 tokens"));
        foreach (var body in new[] { Body, Streamed(Body) })
        {
            Assert.Equal("5 of 4 tokens", Text(await host.ErrorAsync(Path, body, status), "message"));
        }
    }

    [Fact]
    public async Task AFaultOfOurs_Is500_AndTellsNothing()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Client.Chat = (_, _) => throw new InvalidOperationException("secret");
        var error = await host.ErrorAsync(Path, Body, 500);
        Assert.DoesNotContain("secret", error.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains(host.Log.Lines, line => line.Id == 1001);
    }

    [Fact]
    public async Task Sessions_AreReadAndForgotten()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Client.Sessions["trip:1"] = new()
        {
            SessionId = "trip:1",
            Model = "tiny",
            Created = DateTimeOffset.FromUnixTimeSeconds(10),
            Updated = DateTimeOffset.FromUnixTimeSeconds(20),
            Messages = [ChatMessage.FromText("user", "hi"), new() { Role = "assistant", ToolCalls = [new("c", "f", "{}")] }, new() { Role = "tool", ToolCallId = "c", Content = [new() { Type = "text", Text = "r" }] }],
        };
        await host.PostJsonAsync(Path, Body.Replace("\"model\"", "\"session_id\":\"trip:1\",\"model\"", StringComparison.Ordinal));
        Assert.Equal("trip:1", Assert.Single(host.Client.ChatRequests).SessionId);

        var stored = await host.Http.GetStringAsync(new Uri("/v1/sessions/trip:1", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(
            """{"id":"trip:1","object":"session","model":"tiny","created":10,"updated":20,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"r","tool_call_id":"c"}]}""",
            stored);
        using var deleted = await host.Http.DeleteAsync(new Uri("/v1/sessions/trip:1", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("""{"id":"trip:1","object":"session.deleted","deleted":true}""", await deleted.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        foreach (var (id, status, code) in new[] { ("trip:1", 404, "session_not_found"), ("a%20b", 400, "invalid_value") })
        {
            Assert.Equal(code, Text(await GatewayHost.ErrorAsync(await host.Http.GetAsync(new Uri($"/v1/sessions/{id}", UriKind.Relative), TestContext.Current.CancellationToken), status), "code"));
            Assert.Equal(code, Text(await GatewayHost.ErrorAsync(await host.Http.DeleteAsync(new Uri($"/v1/sessions/{id}", UriKind.Relative), TestContext.Current.CancellationToken), status), "code"));
        }
    }

    [Fact]
    public async Task Models_AreListedAndFound()
    {
        await using var host = await GatewayHost.StartAsync();
        const string model = """{"id":"tiny","object":"model","created":1700000000,"owned_by":"xllm","max_model_len":4096,"architecture":"TinyForCausalLM","parameters":12,"loaded":true}""";
        Assert.Equal($$"""{"object":"list","data":[{{model}}]}""", await host.Http.GetStringAsync(new Uri("/v1/models", UriKind.Relative), TestContext.Current.CancellationToken));
        Assert.Equal(model, await host.Http.GetStringAsync(new Uri("/v1/models/tiny", UriKind.Relative), TestContext.Current.CancellationToken));
        Assert.Equal("model_not_found", Text(await GatewayHost.ErrorAsync(await host.Http.GetAsync(new Uri("/v1/models/some/other", UriKind.Relative), TestContext.Current.CancellationToken), 404), "code"));
    }

    [Fact]
    public async Task ModelsThatARequestWouldLoad_AreListedToo_EachOnce()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Client.Loadable = ["a/sleeper", "tiny"];

        const string sleeper = """{"id":"a/sleeper","object":"model","created":0,"owned_by":"xllm","loaded":false}""";
        var list = await host.Http.GetStringAsync(new Uri("/v1/models", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.StartsWith($$"""{"object":"list","data":[{{sleeper}},{"id":"tiny",""", list, StringComparison.Ordinal);
        Assert.Equal(2, System.Text.RegularExpressions.Regex.Count(list, "\"id\""));
        Assert.Equal(sleeper, await host.Http.GetStringAsync(new Uri("/v1/models/a/sleeper", UriKind.Relative), TestContext.Current.CancellationToken));
    }

    private static string Streamed(string body) => body.Replace("\"model\"", "\"stream\":true,\"model\"", StringComparison.Ordinal);

    private static string? Text(JsonObject error, string field) => error[field]?.GetValue<string>();
}
