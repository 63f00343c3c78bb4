using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Npgsql;
using XLLM.Testing;

namespace XLLM.Cluster.Tests.Processes;

/// <summary>Real processes and a real PostgreSQL: KV blocks outlive the cluster, go from silo to silo, and never change an answer.</summary>
public sealed class KvTierTests
{
    private const int PromptTokens = 1600;
    private const int AnswerTokens = 24;
    private const int BlockTokens = 16;
    private const int Blocks = PromptTokens / BlockTokens;
    private const int AllBlocks = (PromptTokens + AnswerTokens - 1) / BlockTokens;

    /// <summary>The last token is computed whatever is cached, so the last block is not loaded.</summary>
    private const int MostCached = PromptTokens - BlockTokens;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AKnownPrompt_IsLoadedFromStorage_AfterTheWholeClusterDied_AndADamagedBlock_IsComputedAgain()
    {
        Assert.SkipUnless(OneHost.Missing is null, OneHost.Missing ?? "");
        await using var host = await OneHost.StartAsync("--silos", "2", "--gateways", "0", "--", "--kv-storage", "4GiB", "--kv-write-policy", "WriteThrough");
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        var silos = await host.StatusAsync();
        var url = silos.First(process => process.Role == "both").Url;
        string[] names = [.. silos.Where(process => process.Role == "both").Select(process => process.Name)];
        var first = await AskAsync(http, url);
        Assert.Equal(0, first.Cached);
        await StoredAsync(http, url, AllBlocks);

        foreach (var name in names)
        {
            await host.SignalAsync(name);           // kill -9: nothing is flushed
        }

        await host.RunAsync("start", names);
        var second = await AskAsync(http, url);
        Assert.Equal(first.Choice, second.Choice);
        Assert.InRange(second.Cached, 2 * 8 * BlockTokens, MostCached);     // all of them, unless loading took longer than 5 s; 2 of 14 runs at least

        await host.RunAsync("stop", names);         // SIGTERM: they drain and flush
        await DamageAsync(host.ConnectionString);
        await host.RunAsync("start", names);
        var third = await AskAsync(http, url);
        Assert.Equal(first.Choice, third.Choice);
        Assert.InRange(third.Cached, 2 * 8 * BlockTokens, MostCached - BlockTokens);
        var damaged = 0.0;
        foreach (var silo in await host.StatusAsync())
        {
            damaged += silo.Role == "both" ? await MetricAsync(http, silo.Url, "xllm_kv_tier_damaged", "storage") : 0;
        }

        Assert.Equal(1, damaged);
        await StoredAsync(http, url, AllBlocks);       // what was damaged, and what lay beside it, is stored again
    }

    [Fact]
    public async Task APromptThatAnotherSiloHasComputed_IsFetchedFromIt()
    {
        Assert.SkipUnless(OneHost.Missing is null, OneHost.Missing ?? "");
        await using var host = await OneHost.StartAsync("--silos", "2", "--gateways", "0", "--peers", "--", "--Xllm:Routing:Policy=round-robin");
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        OneHostProcess[] silos = [.. (await host.StatusAsync()).Where(process => process.Role == "both")];
        var first = await AskAsync(http, silos[0].Url);
        Assert.Equal(0, first.Cached);
        foreach (var silo in silos)
        {
            await UntilAsync($"{silo.Name} knows {AllBlocks} prefixes", async () => await MetricAsync(http, silo.Url, "xllm_prefixes_known") >= AllBlocks);
        }

        var second = await AskAsync(http, silos[0].Url);        // the other silo's turn

        Assert.Equal(first.Choice, second.Choice);
        Assert.InRange(second.Cached, BlockTokens, MostCached);
        double[] fetched = [await MetricAsync(http, silos[0].Url, "xllm_kv_tier_hits", "peers"), await MetricAsync(http, silos[1].Url, "xllm_kv_tier_hits", "peers")];
        double[] promoted = [await MetricAsync(http, silos[0].Url, "xllm_kv_tier_promotions", "host"), await MetricAsync(http, silos[1].Url, "xllm_kv_tier_promotions", "host")];
        var borrower = fetched[0] > 0 ? 0 : 1;
        Assert.Equal((Blocks - 1, 0), (fetched[borrower], fetched[1 - borrower]));
        Assert.Equal((second.Cached / BlockTokens, 0), (promoted[borrower], promoted[1 - borrower]));
        Assert.Equal(0, await MetricAsync(http, silos[borrower].Url, "xllm_kv_tier_damaged", "peers"));
    }

    /// <summary>A hot prefix: eight ask for it at once, so routing sends some to the silo that lacks it, and names the one that lends it.</summary>
    [Fact]
    public async Task APromptThatManyAskFor_IsCopiedToTheOtherSilo()
    {
        Assert.SkipUnless(OneHost.Missing is null, OneHost.Missing ?? "");
        await using var host = await OneHost.StartAsync("--silos", "2", "--gateways", "0", "--peers", "--", "--Xllm:Routing:Policy=first-token", "--Xllm:Routing:CopyTokensPerSecond=1e9");
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        OneHostProcess[] silos = [.. (await host.StatusAsync()).Where(process => process.Role == "both")];
        var first = await AskAsync(http, silos[0].Url);
        foreach (var silo in silos)
        {
            await UntilAsync($"{silo.Name} knows {AllBlocks} prefixes", async () => await MetricAsync(http, silo.Url, "xllm_prefixes_known") >= AllBlocks);
        }

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AskAsync(http, silos[0].Url)));

        Assert.All(answers, answer => Assert.Equal(first.Choice, answer.Choice));
        double[] copied = [await MetricAsync(http, silos[0].Url, "xllm_kv_tier_copied"), await MetricAsync(http, silos[1].Url, "xllm_kv_tier_copied")];
        Assert.True(copied.Count(blocks => blocks > 0) == 1, $"KV blocks copied to silo-1: {copied[0]}, to silo-2: {copied[1]}");
    }

    /// <summary>A greedy answer to a fixed long prompt: text, tokens and log probabilities as they were sent.</summary>
    private static async Task<(string Choice, int Cached)> AskAsync(HttpClient http, Uri url)
    {
        var random = new Random(7);
        var prompt = Enumerable.Range(0, PromptTokens).Select(_ => random.Next(1, 2000));
        using var response = await http.PostAsJsonAsync(
            new Uri(url, "/v1/completions"), new { model = "xllm-demo", prompt, max_tokens = AnswerTokens, temperature = 0, logprobs = 3, ignore_eos = true }, Cancel);
        var body = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {body}");
        var answer = JsonNode.Parse(body)!;
        Assert.Equal(AnswerTokens, answer["choices"]![0]!["logprobs"]!["token_logprobs"]!.AsArray().Count);
        return (answer["choices"]![0]!.ToJsonString(), answer["usage"]!["prompt_tokens_details"]!["cached_tokens"]!.GetValue<int>());
    }

    /// <summary>Waits until storage has this many blocks, of this prompt and its answer.</summary>
    private static Task StoredAsync(HttpClient http, Uri url, int blocks) => UntilAsync($"storage has {blocks} KV blocks", async () =>
    {
        var caches = await http.GetFromJsonAsync<JsonNode>(new Uri(url, "/v1/admin/cache"), Cancel);
        return caches!["tiers"]!.AsArray().First(tier => tier!["tier"]!.GetValue<string>() == "storage")!["blocks"]!.GetValue<long>() >= blocks;
    });

    private static async Task UntilAsync(string what, Func<Task<bool>> isSo)
    {
        var clock = Stopwatch.StartNew();
        while (!await isSo())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"not within 60 s: {what}");
            await Task.Delay(50, Cancel);
        }
    }

    /// <summary>Changes one byte in the middle of a piece of KV blocks: the fourth that was written.</summary>
    private static async Task DamageAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(Cancel);
        await using var damage = new NpgsqlCommand(
            """
            UPDATE grain_state SET payload_binary = set_byte(payload_binary, length(payload_binary) / 2, get_byte(payload_binary, length(payload_binary) / 2) # 255)
            WHERE ctid = (SELECT ctid FROM grain_state WHERE grain_type LIKE '%piece%' AND payload_binary IS NOT NULL ORDER BY modified_on OFFSET 3 LIMIT 1);
            """,
            connection);
        Assert.Equal(1, await damage.ExecuteNonQueryAsync(Cancel));
    }

    /// <summary>Sum of a metric's series, of one tier where one is named.</summary>
    private static async Task<double> MetricAsync(HttpClient http, Uri url, string name, string? tier = null)
    {
        var text = await http.GetStringAsync(new Uri(url, "/metrics"), Cancel);
        return text.Split('\n')
            .Where(line => line.StartsWith(name, StringComparison.Ordinal) && (tier is null || line.Contains($"tier=\"{tier}\"", StringComparison.Ordinal)))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }
}
