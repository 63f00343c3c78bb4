using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using XLLM.Testing;

namespace XLLM.Benchmarks;

/// <summary>Time to the first token of a long prompt that was known before the process was restarted, against one that was not; both in the same process, in turn.</summary>
internal static class WarmRestartBenchmark
{
    /// <summary>Most that a known prompt may take of an unknown one's time.</summary>
    private const double MostRatio = 0.35;

    /// <summary>Tokens of a KV block, by default.</summary>
    private const int BlockTokens = 16;

    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        var (tokens, rounds, vocabulary) = (arguments.Number("--tokens", 2000), arguments.Number("--rounds", 5), arguments.Number("--vocabulary", 2000));
        var config = arguments.Text("--config", "");
        string[] model = config.Length == 0 ? [] : ["--model", $"bench={Path.GetFullPath(config)}", "--load-format", "dummy"];
        var name = config.Length == 0 ? "xllm-demo" : "bench";
        string[] silo = [.. model, "--kv-storage", arguments.Text("--storage", "4GiB"), "--kv-write-policy", "WriteThrough", "--kv-form", arguments.Text("--form", "Exact"), "--kv-cache-type", arguments.Text("--kv-cache-type", "f32"), "--kv-cache-memory", arguments.Text("--kv-cache-memory", "3GiB"), "--kv-host-memory", arguments.Text("--kv-host-memory", "1GiB")];
        var blocks = tokens / BlockTokens;
        var state = Directory.CreateTempSubdirectory("xllm-warm-restart-").FullName;
        try
        {
            await using (var first = await SiloProcess.StartAsync(silo, state))
            {
                for (var round = 0; round < rounds; round++)
                {
                    await AskAsync(first, name, Prompt(round, tokens, vocabulary));
                    await StoredAsync(first, (round + 1) * blocks);
                }

                await first.InterruptAsync();
            }

            await using var second = await SiloProcess.StartAsync(silo, state);
            await AskAsync(second, name, Prompt(1000, tokens, vocabulary));          // code compiled, weights in memory
            await StoredAsync(second, (rounds + 1) * blocks);
            var (known, unknown) = (new double[rounds], new double[rounds]);
            for (var round = 0; round < rounds; round++)
            {
                (unknown[round], var none) = await AskAsync(second, name, Prompt(2000 + round, tokens, vocabulary));
                await StoredAsync(second, (rounds + 2 + round) * blocks);           // what it left to be stored shall not stand in the way of the next one
                (known[round], var cached) = await AskAsync(second, name, Prompt(round, tokens, vocabulary));
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"round {round + 1}: unknown {unknown[round]:F1} ms ({none} tokens cached), known {known[round]:F1} ms ({cached} tokens cached)"));
            }

            var ratio = Median(known) / Median(unknown);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{name}, {tokens} tokens, after a restart: median {Median(known):F1} ms of {Median(unknown):F1} ms, ratio {ratio:F3}; the bound is {MostRatio}"));
            return ratio <= MostRatio ? 0 : 1;
        }
        finally
        {
            Directory.Delete(state, recursive: true);
        }
    }

    private static int[] Prompt(int number, int tokens, int vocabulary)
    {
        var random = new Random(number);
        return [.. Enumerable.Range(0, tokens).Select(_ => random.Next(1, vocabulary))];
    }

    /// <summary>Waits until storage has so many KV blocks, as a server would between two visitors.</summary>
    private static async Task StoredAsync(SiloProcess silo, int blocks)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var caches = await silo.Http.GetFromJsonAsync<JsonNode>(new Uri("/v1/admin/cache", UriKind.Relative));
            var stored = caches!["tiers"]!.AsArray().Single(tier => tier!["tier"]!.GetValue<string>() == "storage")!["blocks"]!.GetValue<int>();
            if (stored >= blocks)
            {
                return;
            }

            if (clock.Elapsed > TimeSpan.FromMinutes(2))
            {
                throw new TimeoutException($"{stored} of {blocks} KV blocks are stored after two minutes: give more of --storage and --kv-host-memory");
            }

            await Task.Delay(20);
        }
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    /// <summary>Asks for one token. Its answer is whole when the token is there.</summary>
    private static async Task<(double Milliseconds, int Cached)> AskAsync(SiloProcess silo, string model, int[] prompt)
    {
        using var http = new HttpClient { BaseAddress = silo.Address, Timeout = TimeSpan.FromMinutes(10) };      // large models on small machines
        var clock = Stopwatch.StartNew();
        using var response = await http.PostAsJsonAsync(new Uri("/v1/completions", UriKind.Relative), new { model, prompt, max_tokens = 1, temperature = 0 });
        var text = await response.Content.ReadAsStringAsync();
        var elapsed = clock.Elapsed.TotalMilliseconds;
        response.EnsureSuccessStatusCode();
        return (elapsed, JsonNode.Parse(text)?["usage"]?["prompt_tokens_details"]?["cached_tokens"]?.GetValue<int>() ?? -1);
    }
}
