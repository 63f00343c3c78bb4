using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace XLLM.Cluster.Tests.Processes;

/// <summary>Clients that ask one after another until they are told to stop: streams and plain answers, with and without a session. They use whichever gateway says that it is ready, as a load balancer would.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(100) };
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri[] _gateways;
    private readonly Task[] _clients;
    private readonly ConcurrentQueue<string> _failures = new();
    private int _answers;

    private Load(Uri[] gateways, int clients)
    {
        _gateways = gateways;
        _clients = [.. Enumerable.Range(0, clients).Select(client => Task.Run(() => RunAsync(client)))];
    }

    /// <summary>Answers so far.</summary>
    public int Answers => Volatile.Read(ref _answers);

    public static Load Start(IEnumerable<Uri> gateways, int clients) => new([.. gateways], clients);

    /// <summary>Lets what runs end.</summary>
    /// <returns>Every request that failed, in words.</returns>
    public async Task<string[]> StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
        return [.. _failures];
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _http.Dispose();
        _stop.Dispose();
    }

    /// <summary>A greedy answer of the demo model to a fixed question.</summary>
    public static async Task<string> AskAsync(HttpClient http, Uri gateway, string text, string? session = null, bool stream = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(gateway, "/v1/chat/completions"))
        {
            Content = JsonContent.Create(new { model = "xllm-demo", temperature = 0, stream, max_tokens = 60, session_id = session, messages = new[] { new { role = "user", content = text } } }),
        };
        using var response = await http.SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{(int)response.StatusCode}: {body}");
        }

        if (!stream)
        {
            return JsonNode.Parse(body)!["choices"]![0]!["message"]!["content"]!.GetValue<string>();
        }

        var answer = "";
        foreach (var line in body.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal)))
        {
            var chunk = JsonNode.Parse(line["data: ".Length..])!;
            if (chunk["error"] is { } error)
            {
                throw new InvalidOperationException($"in mid-stream: {error}");
            }

            answer += chunk["choices"]?.AsArray().FirstOrDefault()?["delta"]?["content"]?.GetValue<string>();
        }

        return body.Contains("data: [DONE]", StringComparison.Ordinal) ? answer : throw new InvalidOperationException($"the stream ended without [DONE] after '{answer}'");
    }

    private async Task RunAsync(int client)
    {
        for (var turn = 0; !_stop.IsCancellationRequested; turn++)
        {
            // The session's first turn says the same in each; the question's answer is always the same too.
            var session = client % 3 == 0 ? $"load-{client}-{turn / 3}" : null;
            try
            {
                var gateway = await ReadyGatewayAsync();
                var answer = await AskAsync(_http, gateway, "What is the capital of Japan?", session, stream: client % 2 == 0);
                if (!answer.Contains("Tokyo", StringComparison.Ordinal))
                {
                    _failures.Enqueue($"client {client}, turn {turn}: it said '{answer}'");
                }

                Interlocked.Increment(ref _answers);
            }
            catch (Exception exception)
            {
                _failures.Enqueue($"client {client}, turn {turn} at {DateTimeOffset.UtcNow:HH:mm:ss.fff}, session {session}: {exception.Message} {exception.InnerException?.Message}");
            }
        }
    }

    private async Task<Uri> ReadyGatewayAsync()
    {
        while (true)
        {
            foreach (var gateway in _gateways)
            {
                try
                {
                    using var response = await _http.GetAsync(new Uri(gateway, "/health/ready"));
                    if (response.IsSuccessStatusCode)
                    {
                        return gateway;
                    }
                }
                catch (HttpRequestException)
                {
                    // It is down: the next one.
                }
            }

            await Task.Delay(50);
        }
    }
}
