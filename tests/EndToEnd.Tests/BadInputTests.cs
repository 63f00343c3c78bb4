using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace XLLM.EndToEnd.Tests;

/// <summary>Rubbish in: a clear 4xx out, the server alive, no KV block lost.</summary>
public sealed class BadInputTests(SiloFixture fixture)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string, int> Bodies => new()
    {
        { """{"model":"xllm-demo","messages":[""", 400 },
        { "", 400 },
        { "[]", 400 },
        { "null", 400 },
        { """{"model":"xllm-demo"}""", 400 },
        { """{"model":"xllm-demo","messages":[]}""", 400 },
        { """{"model":"xllm-demo","messages":"hello"}""", 400 },
        { """{"model":"xllm-demo","messages":[{"role":"emperor","content":"hi"}]}""", 400 },
        { """{"model":"xllm-demo","messages":[{"role":"user"}]}""", 400 },
        { """{"model":"xllm-demo","messages":[{"role":"user","content":42}]}""", 400 },
        { """{"messages":[{"role":"user","content":"hi"}]}""", 400 },
        { """{"model":"nobody","messages":[{"role":"user","content":"hi"}]}""", 404 },
        { """{"model":"xllm-demo","messages":[{"role":"user","content":"hi"}],"n":0}""", 400 },
        { """{"model":"xllm-demo","messages":[{"role":"user","content":"hi"}],"n":100000}""", 400 },
        { """{"model":"xllm-demo","messages":[{"role":"user","content":"hi"}],"max_tokens":-1}""", 400 },
        { """{"model":"xllm-demo","messages":[{"role":"user","content":"hi"}],"max_tokens":0}""", 400 },
        { """{"model":"xllm-demo","messages":[{"role":"user","content":"hi"}],"max_tokens":99999999999999}""", 400 },
        { """{"model":"xllm-demo","messages":[{"role":"user","content":"hi"}],"max_tokens":100000}""", 400 },
        { """{"model":"xllm-demo","messages":[{"role":"user","content":"hi"}],"temperature":-0.5}""", 400 },
        { """{"model":"xllm-demo","messages":[{"role":"user","content":"hi"}],"temperature":"hot"}""", 400 },
        { """{"model":"xllm-demo","messages":[{"role":"user","content":"hi"}],"top_p":1.5}""", 400 },
        { """{"model":"xllm-demo","messages":[{"role":"user","content":"hi"}],"top_k":-7}""", 400 },
        { """{"model":"xllm-demo","messages":[{"role":"user","content":"hi"}],"logit_bias":{"99999999":1}}""", 400 },
        { """{"model":"xllm-demo","messages":[{"role":"user","content":"hi"}],"stop_token_ids":[-5]}""", 400 },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task ABadBody_GetsAnEnvelopeWithAStringCode(string body, int status)
    {
        using var response = await PostAsync(new StringContent(body, Encoding.UTF8, "application/json"));

        await AssertErrorAsync(response, status);
    }

    [Fact]
    public async Task InvalidUtf8_IsA400()
    {
        byte[] body = [.. """{"model":"xllm-demo","messages":[{"role":"user","content":" """u8, 0xC3, 0x28, 0xFF, .. "\"}]}"u8];
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        using var response = await PostAsync(content);

        await AssertErrorAsync(response, 400);
    }

    [Fact]
    public async Task FortyMegabytesOfText_AreRefusedClearly()
    {
        using var content = JsonContent.Create(new { model = "xllm-demo", messages = new[] { new { role = "user", content = new string('x', 40_000_000) } } });
        using var response = await PostAsync(content);

        Assert.True(response.StatusCode is HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.BadRequest, $"{response.StatusCode}");
        await AssertErrorAsync(response, (int)response.StatusCode);
    }

    [Fact]
    public async Task AThousandStopStrings_AreServedOrRefusedClearly()
    {
        using var content = JsonContent.Create(new
        {
            model = "xllm-demo",
            messages = new[] { new { role = "user", content = "Hello!" } },
            stop = Enumerable.Range(0, 1000).Select(i => $"stop {i}").ToArray(),
        });
        using var response = await PostAsync(content);

        if (response.StatusCode != HttpStatusCode.OK)
        {
            await AssertErrorAsync(response, 400);
        }
    }

    [Fact]
    public async Task AnUnknownRoute_AndAWrongMethod_HaveTheEnvelopeToo()
    {
        using var unknown = await fixture.Silo.Http.GetAsync(new Uri("/v1/nothing", UriKind.Relative), Cancel);
        await AssertErrorAsync(unknown, 404);

        using var method = await fixture.Silo.Http.GetAsync(new Uri("/v1/chat/completions", UriKind.Relative), Cancel);
        await AssertErrorAsync(method, 405);
    }

    [Fact]
    public async Task AClientThatLeaves_AndOneThatNeverReads_LoseNoBlock()
    {
        var before = await IdleBlocksAsync();
        for (var i = 0; i < 5; i++)
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(fixture.Silo.Address.Host, fixture.Silo.Address.Port, Cancel);
            var body = """{"model":"xllm-demo","stream":true,"ignore_eos":true,"max_tokens":2000,"messages":[{"role":"user","content":"Tell me a story."}]}""";
            var request = $"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}";
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), Cancel);
            if (i % 2 == 0)
            {
                var buffer = new byte[64];
                _ = await socket.GetStream().ReadAsync(buffer, Cancel);
            }
        }

        Assert.Equal(before, await IdleBlocksAsync());
    }

    private async Task<double> IdleBlocksAsync()
    {
        // The engine is idle when nothing runs or waits; then used blocks are those of nobody.
        for (var i = 0; i < 600; i++)
        {
            var metrics = await fixture.Silo.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Cancel);
            if (Value(metrics, "vllm:num_requests_running") == 0 && Value(metrics, "vllm:num_requests_waiting") == 0)
            {
                return Value(metrics, "vllm:kv_cache_usage_perc");
            }

            await Task.Delay(100, Cancel);
        }

        throw new TimeoutException("the engine did not become idle");
    }

    private static double Value(string metrics, string name)
    {
        var line = metrics.Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"/metrics has no {name}:\n{metrics}");
        return double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    private Task<HttpResponseMessage> PostAsync(HttpContent content) =>
        fixture.Silo.Http.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), content, Cancel);

    private async Task AssertErrorAsync(HttpResponseMessage response, int status)
    {
        var text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} instead of {status}: {text}");
        var error = JsonNode.Parse(text)!["error"]!.AsObject();
        Assert.Equal(["code", "message", "param", "type"], error.Select(field => field.Key).Order());
        Assert.False(string.IsNullOrWhiteSpace(error["message"]!.GetValue<string>()));
        Assert.False(string.IsNullOrWhiteSpace(error["code"]!.GetValue<string>()));

        using var alive = await fixture.Silo.Http.GetAsync(new Uri("/health/live", UriKind.Relative), Cancel);
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
    }
}
