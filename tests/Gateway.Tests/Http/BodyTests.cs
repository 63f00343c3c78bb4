using System.Net;
using System.Net.Http.Headers;
using System.Text;
using XLLM.Gateway.Tests.Hosting;

namespace XLLM.Gateway.Tests.Http;

/// <summary>Bodies, routes and methods that are not what they should be: always OpenAI's envelope, never a 5xx.</summary>
public sealed class BodyTests
{
    private const string Path = "/v1/chat/completions";
    private const string Good = """{"model":"tiny","messages":[{"role":"user","content":"hi"}]}""";

    public static TheoryData<string, string, string> Bodies => new()
    {
        { "", "invalid_json", "line 1, byte 1" },
        { "{\n \"model\": }", "invalid_json", "line 2, byte 11" },
        { "[1,2]", "invalid_json", "must be a JSON object, but is an array of 2" },
        { "null", "invalid_json", "but is null" },
        { Good + "x", "invalid_json", "line 1" },
        { "{\"model\":\"\\ud800\"}", "invalid_utf8", "the string at byte 10 escapes half a surrogate pair" },
        { "{\"\\udc00\":1}", "invalid_utf8", "half a surrogate pair" },
        { "{\"a\":" + new string('[', 100), "invalid_json", "64" },
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task ABadBody_IsA400_ThatSaysWhere(string body, string code, string message)
    {
        await using var host = await GatewayHost.StartAsync();
        var error = await host.ErrorAsync(Path, body, 400);
        Assert.Equal(code, error["code"]!.GetValue<string>());
        Assert.Contains(message, error["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task InvalidUtf8_IsA400_ThatNamesTheByte()
    {
        await using var host = await GatewayHost.StartAsync();
        using var content = new ByteArrayContent([.. "{\"a\":\""u8, 0xC3, 0x28, .. "\"}"u8]) { Headers = { ContentType = new("application/json") } };
        var error = await GatewayHost.ErrorAsync(await host.Http.PostAsync(new Uri(Path, UriKind.Relative), content, Cancel), 400);
        Assert.Equal("The body is no UTF-8: byte 7 of 10 is 0xC3.", error["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task AByteOrderMark_IsSkipped()
    {
        await using var host = await GatewayHost.StartAsync();
        using var content = new ByteArrayContent([.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(Good)]) { Headers = { ContentType = new("application/json") } };
        using var response = await host.Http.PostAsync(new Uri(Path, UriKind.Relative), content, Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task AnotherContentType_Is415(string type)
    {
        await using var host = await GatewayHost.StartAsync();
        var error = await GatewayHost.ErrorAsync(await host.PostAsync(Path, Good, type), 415);
        Assert.Contains(type, error["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoContentType_Is415()
    {
        await using var host = await GatewayHost.StartAsync();
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(Good));
        await GatewayHost.ErrorAsync(await host.Http.PostAsync(new Uri(Path, UriKind.Relative), content, Cancel), 415);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ABodyAboveTheBound_Is413_WithBothNumbers_AndTheServerLives(bool chunked)
    {
        await using var host = await GatewayHost.StartAsync(null, ("MaxBodyBytes", "4096"));
        using var request = new HttpRequestMessage(HttpMethod.Post, Path)
        {
            Content = new ByteArrayContent(new byte[10_000]) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
            Headers = { TransferEncodingChunked = chunked },
        };
        var error = await GatewayHost.ErrorAsync(await host.Http.SendAsync(request, Cancel), 413);
        Assert.Equal($"The body has {(chunked ? "more than 4096" : "10000")} bytes; at most 4096 are allowed.", error["message"]!.GetValue<string>());
        await host.PostJsonAsync(Path, Good);
    }

    [Fact]
    public async Task FortyMegabytes_AreRefused_AndTheClientReadsWhy()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.ErrorAsync(Path, Good.Replace("hi", new string('x', 40_000_000), StringComparison.Ordinal), 413);
        await host.PostJsonAsync(Path, Good);
    }

    [Theory]
    [InlineData("GET", Path, 405, "method_not_allowed", "does not take GET, but POST")]
    [InlineData("PUT", "/v1/models", 405, "method_not_allowed", "does not take PUT, but GET")]
    [InlineData("GET", "/v1/nothing", 404, "not_found", "There is no GET /v1/nothing.")]
    [InlineData("POST", "/v1", 404, "not_found", "There is no POST /v1.")]
    public async Task ARouteOrMethodThatIsNotThere_HasTheEnvelope(string method, string path, int status, string code, string message)
    {
        await using var host = await GatewayHost.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        var error = await GatewayHost.ErrorAsync(await host.Http.SendAsync(request, Cancel), status);
        Assert.Equal(code, error["code"]!.GetValue<string>());
        Assert.Contains(message, error["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("my-id.7", true)]
    [InlineData("has space", false)]
    public async Task ARequestId_IsEchoed_WhereItCanBe(string id, bool echoed)
    {
        await using var host = await GatewayHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        request.Headers.TryAddWithoutValidation("X-Request-Id", id);
        using var response = await host.Http.SendAsync(request, Cancel);
        Assert.Equal(echoed, response.Headers.GetValues("X-Request-Id").Single() == id);
    }

    [Fact]
    public async Task TheLogLine_HasNumbersAndNoText()
    {
        await using var host = await GatewayHost.StartAsync(new ManualClock());
        var logged = host.Log.NextAsync(1000);
        await host.PostJsonAsync(Path, Good.Replace("hi", "private words", StringComparison.Ordinal));
        Assert.Matches(
            @"^req-\w+ POST /v1/chat/completions 200 model=tiny prompt=5 cached=3 generated=7 finish=stop ttft=0\.0ms duration=0\.0ms$", await logged);
        Assert.DoesNotContain(host.Log.Lines, line => line.Text.Contains("private words", StringComparison.Ordinal) || line.Text.Contains("Hello", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AnUnknownField_IsIgnored_AndNoted()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PostJsonAsync(Path, Good.Replace("\"model\"", "\"shiny\":1,\"model\"", StringComparison.Ordinal));
        Assert.Contains("field 'shiny' is unknown", Assert.Single(host.Log.Lines, line => line.Id == 1010).Text, StringComparison.Ordinal);
    }
}
