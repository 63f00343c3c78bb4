using System.Net.Http.Json;
using System.Text.Json.Nodes;
using XLLM.Testing;

namespace XLLM.EndToEnd.Tests;

/// <summary>KV blocks outlive the process.</summary>
public sealed class WarmRestartTests
{
    private static readonly int[] Prompt = [.. Enumerable.Range(0, 1000).Select(i => 1 + ((i * 7919) % 2000))];

    private static readonly string[] Tiers = ["--kv-storage", "1GiB", "--kv-write-policy", "WriteThrough"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task APrompt_ComesFromStorage_AfterAFullRestart_WithTheSameAnswer()
    {
        string state;
        (string Text, int Cached) first;
        await using (var silo = await SiloProcess.StartAsync(Tiers))
        {
            state = silo.StatePath;
            first = await AskAsync(silo);
            Assert.Equal(0, await silo.InterruptAsync());
        }

        await using var restarted = await SiloProcess.StartAsync(Tiers, state);
        var again = await AskAsync(restarted);

        Assert.Equal(0, first.Cached);
        Assert.Equal(992, again.Cached);         // 62 whole blocks; the last token of the prompt is computed
        Assert.Equal(first.Text, again.Text);
        var metrics = await restarted.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Cancel);
        Assert.Contains("xllm_kv_tier_promotions", metrics, StringComparison.Ordinal);
    }

    private static async Task<(string Text, int Cached)> AskAsync(SiloProcess silo)
    {
        using var response = await silo.Http.PostAsJsonAsync(
            new Uri("/v1/completions", UriKind.Relative), new { model = "xllm-demo", prompt = Prompt, max_tokens = 24, temperature = 0 }, Cancel);
        var body = await response.Content.ReadFromJsonAsync<JsonNode>(Cancel);
        return (body!["choices"]![0]!["text"]!.GetValue<string>(), body["usage"]!["prompt_tokens_details"]!["cached_tokens"]!.GetValue<int>());
    }
}
