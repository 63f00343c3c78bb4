using System.ClientModel;
using System.Diagnostics;
using System.Globalization;
using OpenAI;
using OpenAI.Chat;

namespace XLLM.Benchmarks;

/// <summary>Streams chats from a running server through the official client; prints the lines that benchmarks of serving systems print.</summary>
internal static class ServeBenchmark
{
    public static async Task<int> RunAsync(string[] args)
    {
        if (args is not [var url, var model, .. var rest])
        {
            Console.Error.WriteLine("serve URL MODEL [--requests N] [--concurrency N] [--max-tokens N]");
            return 2;
        }

        var arguments = new Arguments(rest);
        var (requests, concurrency, tokens) = (arguments.Number("--requests", 64), arguments.Number("--concurrency", 16), arguments.Number("--max-tokens", 64));
        var client = new ChatClient(model, new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(new Uri(url), "v1") });
        await AskAsync(client, 0, tokens);          // warm
        using var gate = new SemaphoreSlim(concurrency);
        var clock = Stopwatch.StartNew();
        var results = await Task.WhenAll(Enumerable.Range(1, requests).Select(async i =>
        {
            await gate.WaitAsync();
            try
            {
                return await AskAsync(client, i, tokens);
            }
            finally
            {
                gate.Release();
            }
        }));
        var seconds = clock.Elapsed.TotalSeconds;
        var generated = results.Sum(result => result.Tokens);
        Line("Successful requests", results.Length);
        Line("Benchmark duration (s)", seconds);
        Line("Total generated tokens", generated);
        Line("Request throughput (req/s)", results.Length / seconds);
        Line("Output token throughput (tok/s)", generated / seconds);
        Summary("TTFT (ms)", results.Select(result => result.FirstToken.TotalMilliseconds));
        Summary("TPOT (ms)", results.Where(result => result.Tokens > 1).Select(result => (result.Total - result.FirstToken).TotalMilliseconds / (result.Tokens - 1)));
        return 0;
    }

    private static async Task<(TimeSpan FirstToken, TimeSpan Total, int Tokens)> AskAsync(ChatClient client, int number, int tokens)
    {
        var clock = Stopwatch.StartNew();
        var (first, count) = (TimeSpan.Zero, 0);
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = tokens };
        await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage($"Tell me a story, number {number}.")], options))
        {
            if (first == TimeSpan.Zero && update.ContentUpdate.Count > 0)
            {
                first = clock.Elapsed;
            }

            count = update.Usage?.OutputTokenCount ?? count;
        }

        return (first, clock.Elapsed, count);
    }

    private static void Summary(string name, IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        Line($"Mean {name}", sorted.Average());
        Line($"Median {name}", sorted[sorted.Length / 2]);
        Line($"P99 {name}", sorted[(int)Math.Ceiling(sorted.Length * 0.99) - 1]);
    }

    private static void Line(string name, double value) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name + ":",-40}{value,10:F2}"));
}
