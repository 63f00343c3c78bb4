using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using XLLM.Gateway.Tests.Hosting;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.Tests.OpenAI;

/// <summary>What happens to a stream when the engine fails, falls silent, or the client does.</summary>
public sealed class StreamFaultTests
{
    private const string Body = """{"model":"tiny","stream":true,"messages":[{"role":"user","content":"hi"}]}""";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnErrorInMidStream_IsTheLastEvent()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Client.Chat = (_, _) => ScriptedClient.Events(new ChatStarted(5), new ContentDelta("Hel"), ScriptedClient.Ended(EndReason.Failed, message: "step 7 failed"));
        var text = await host.PostTextAsync("/v1/chat/completions", Body);
        Assert.Contains("\"content\":\"Hel\"", text, StringComparison.Ordinal);
        Assert.EndsWith("data: {\"error\":{\"message\":\"step 7 failed\",\"type\":\"server_error\",\"param\":null,\"code\":\"engine_failed\"}}\n\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnExceptionInMidStream_EndsItToo_AndEndsTheOtherAnswers()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Client.Chat = (request, cancel) => request.RequestId.EndsWith("-1", StringComparison.Ordinal) ? FailAsync() : EndlessAsync("x", cancel);
        var text = await host.PostTextAsync("/v1/chat/completions", Body.Replace("\"stream\"", "\"n\":2,\"stream\"", StringComparison.Ordinal));
        Assert.EndsWith("data: {\"error\":{\"message\":\"gone\",\"type\":\"service_unavailable_error\",\"param\":null,\"code\":\"unavailable\"}}\n\n", text, StringComparison.Ordinal);
        await host.Client.Left.Reader.ReadAsync(Cancel).AsTask().WaitAsync(Patience, Cancel);
        await host.Client.Left.Reader.ReadAsync(Cancel).AsTask().WaitAsync(Patience, Cancel);

        static async IAsyncEnumerable<ChatEvent> FailAsync()
        {
            yield return new ChatStarted(5);
            await Task.Yield();
            throw new RequestException(RequestErrors.Unavailable, "gone");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AClientThatLeaves_EndsItsGeneration(bool stream)
    {
        await using var host = await GatewayHost.StartAsync();
        var begun = new TaskCompletionSource();
        host.Client.Chat = (_, cancel) => SilentAsync(begun, cancel);
        var logged = host.Log.NextAsync(1000);
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = Json(stream ? Body : Body.Replace("true", "false", StringComparison.Ordinal)) };
        var asking = host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leave.Token);
        await begun.Task.WaitAsync(Patience, Cancel);
        await leave.CancelAsync();

        await host.Client.Left.Reader.ReadAsync(Cancel).AsTask().WaitAsync(Patience, Cancel);
        Assert.Contains(" 499 model=tiny ", await logged, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);

        static async IAsyncEnumerable<ChatEvent> SilentAsync(TaskCompletionSource begun, [EnumeratorCancellation] CancellationToken cancel)
        {
            yield return new ChatStarted(5);
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, cancel);
        }
    }

    [Fact]
    public async Task AReaderThatDoesNotRead_IsCut_AndItsGenerationEnds()
    {
        var clock = new ManualClock();
        await using var host = await GatewayHost.StartAsync(clock);
        host.Client.Chat = (_, cancel) => EndlessAsync(new string('x', 10_000), cancel);
        var cut = host.Log.NextAsync(1003);
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, host.Http.BaseAddress!.Port, Cancel);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\n\r\n{Body}"), Cancel);

        await AdvanceUntilAsync(clock, TimeSpan.FromSeconds(31), cut);

        Assert.Contains("the reader took nothing for 30 s", await cut, StringComparison.Ordinal);
        await host.Client.Left.Reader.ReadAsync(Cancel).AsTask().WaitAsync(Patience, Cancel);
    }

    [Fact]
    public async Task Silence_IsBrokenByPings_OnceTheRequestIsAccepted()
    {
        var clock = new ManualClock();
        await using var host = await GatewayHost.StartAsync(clock);
        var answer = new TaskCompletionSource();
        host.Client.Chat = (_, _) => WaitAsync(answer.Task);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = Json(Body) };
        var asking = host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        await AdvanceUntilAsync(clock, TimeSpan.FromSeconds(15), asking);      // only a ping can make the headers go out
        using var response = await asking;
        answer.SetResult();
        var text = await response.Content.ReadAsStringAsync(Cancel);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Matches("^(: ping\n\n)+data: \\{", text);
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);

        static async IAsyncEnumerable<ChatEvent> WaitAsync(Task answer)
        {
            yield return new ChatStarted(5);
            await answer;
            yield return new ContentDelta("late");
            yield return ScriptedClient.Ended();
        }
    }

    [Fact]
    public async Task SilenceBeforeAcceptance_KeepsTheStatusOpen()
    {
        var clock = new ManualClock();
        await using var host = await GatewayHost.StartAsync(clock);
        var begun = new TaskCompletionSource();
        var refuse = new TaskCompletionSource();
        host.Client.Chat = (_, _) => RefuseAsync(begun, refuse.Task);
        var asking = host.PostAsync("/v1/chat/completions", Body);
        await begun.Task.WaitAsync(Patience, Cancel);
        for (var i = 0; i < 10; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(15));
        }

        refuse.SetResult();
        Assert.Equal("overloaded", (await GatewayHost.ErrorAsync(await asking, 429))["code"]!.GetValue<string>());

        static async IAsyncEnumerable<ChatEvent> RefuseAsync(TaskCompletionSource begun, Task refuse)
        {
            begun.SetResult();
            await refuse;
            yield return ScriptedClient.Ended(EndReason.Overloaded);
        }
    }

    private static async IAsyncEnumerable<ChatEvent> EndlessAsync(string text, [EnumeratorCancellation] CancellationToken cancel)
    {
        yield return new ChatStarted(5);
        while (true)
        {
            await Task.Yield();
            cancel.ThrowIfCancellationRequested();
            yield return new ContentDelta(text);
        }
    }

    /// <summary>Moves the clock until something happens that only time makes happen; when the gateway begins to wait is its own affair.</summary>
    private static async Task AdvanceUntilAsync(ManualClock clock, TimeSpan step, Task happened)
    {
        for (var i = 0; i < 3000 && !happened.IsCompleted; i++)
        {
            clock.Advance(step);
            await Task.WhenAny(happened, Task.Delay(10, Cancel));
        }
    }

    private static StringContent Json(string body) => new(body, new MediaTypeHeaderValue("application/json"));
}
