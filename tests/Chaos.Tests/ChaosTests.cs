using System.Collections.Concurrent;
using System.Globalization;
using XLLM.Testing;

namespace XLLM.Chaos.Tests;

/// <summary>
/// Real processes, a real PostgreSQL, 200 concurrent streams, random kills and pauses of the machines that write them. Every client must see its answer as if nothing had happened.
/// Longer runs: <c>XLLM_CHAOS_SECONDS=300</c>; the same run again: <c>XLLM_CHAOS_SEED</c>, which is printed; with fewer streams, so that gaps are not queues: <c>XLLM_CHAOS_STREAMS=8</c>.
/// </summary>
public sealed class ChaosTests(ITestOutputHelper output)
{
    private const int Silos = 4;
    private const int Cases = 60;

    [Fact]
    public async Task EveryStream_SaysWhatItWouldHaveSaid_WhileSilosAreKilledAndPaused()
    {
        Assert.SkipWhen(OneHost.Missing is not null, OneHost.Missing ?? "");
        var seed = Setting("XLLM_CHAOS_SEED", Environment.TickCount & int.MaxValue);
        var seconds = Setting("XLLM_CHAOS_SECONDS", 45);
        var readers = Setting("XLLM_CHAOS_STREAMS", 200);
        var cancel = TestContext.Current.CancellationToken;
        output.WriteLine($"XLLM_CHAOS_SEED={seed} XLLM_CHAOS_SECONDS={seconds} XLLM_CHAOS_STREAMS={readers}");
        await using var cluster = await OneHost.StartAsync(
            "--silos", $"{Silos}", "--gateways", "1", "--kv-cache-memory", "128MiB", "--", "--max-queued-sequences", "1000", "--max-running-sequences", "128", "--Xllm:Client:MaxStarts=16", "--Xllm:Client:MaxStartsBeforeFirstToken=16");
        var processes = await cluster.StatusAsync();
        var gateway = processes.Single(process => process.Role == "gateway");
        var engines = processes.Where(process => process.Role == "engine").Select(process => process.Name).ToArray();
        using var http = new HttpClient { BaseAddress = gateway.Url, Timeout = TimeSpan.FromMinutes(5) };

        // What each case says when nothing happens, each alone.
        var cases = StreamCase.Draw(Cases, seed);
        var expected = new TokenHistory[Cases];
        await Parallel.ForAsync(0, Cases, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancel }, async (i, stop) => expected[i] = await TokenHistory.ReadAsync(http, cases[i], stop));
        Assert.All(expected, history => Assert.True(history is { Done: true, Error: null }, history.Error));

        var disturber = new Disturber(cluster, engines, seed);
        var disturbing = disturber.RunAsync(TimeSpan.FromSeconds(seconds), cancel);
        var faults = new ConcurrentQueue<string>();
        var histories = new ConcurrentQueue<TokenHistory>();
        await Task.WhenAll(Enumerable.Range(0, readers).Select(async reader =>
        {
            var random = new Random(HashCode.Combine(seed, reader));
            do
            {
                var one = cases[random.Next(Cases)];
                var history = await TokenHistory.ReadAsync(http, one, cancel);
                if (history.Differs(expected[one.Number]) is { } fault)
                {
                    faults.Enqueue($"case {one.Number}: {fault}");
                }

                histories.Enqueue(history);
            }
            while (!disturbing.IsCompleted);
        }));
        await disturbing;

        output.WriteLine($"{histories.Count} streams; first event {Spread(histories, history => history.FirstEvent)}; longest gap after it {Spread(histories, history => history.LongestGap)}; {string.Join("; ", disturber.Deeds)}");
        Assert.True(faults.IsEmpty, $"{faults.Count} of {histories.Count} streams differ (seed {seed}; {string.Join("; ", disturber.Deeds)}):\n{string.Join('\n', faults.Take(10))}\n{Warnings(gateway.Log!)}");
        Assert.NotEmpty(disturber.Deeds);
        foreach (var engine in (await cluster.StatusAsync()).Where(process => process.Role == "engine"))
        {
            await AssertIdleAsync(engine, cancel);
        }
    }

    private static string Spread(IEnumerable<TokenHistory> histories, Func<TokenHistory, TimeSpan> of)
    {
        var sorted = histories.Select(history => of(history).TotalSeconds).Order().ToArray();
        return string.Create(CultureInfo.InvariantCulture, $"{sorted[sorted.Length / 2]:F2} s in the middle, {sorted[sorted.Length * 99 / 100]:F1} s at 99 %, {sorted[^1]:F1} s at most");
    }

    /// <summary>What a process warned of, each kind once, without stack traces.</summary>
    private static string Warnings(string log) => string.Join('\n', File.ReadLines(log)
        .Where(line => line.StartsWith("warn:", StringComparison.Ordinal) || line.StartsWith("fail:", StringComparison.Ordinal))
        .GroupBy(line => line[..Math.Min(line.Length, 60)])
        .Select(kind => $"{kind.Count()} x {kind.First()[..Math.Min(kind.First().Length, 300)]}"));

    /// <summary>Nothing runs, nothing waits, and every KV block that is not cached is empty.</summary>
    private static async Task AssertIdleAsync(OneHostProcess engine, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = engine.Url };
        var until = DateTime.UtcNow + TimeSpan.FromSeconds(60);
        while (true)
        {
            var metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellationToken);
            var (running, waiting) = (Value(metrics, "xllm_engine_sequences_running"), Value(metrics, "xllm_engine_sequences_waiting"));
            var (free, total) = (Value(metrics, "xllm_engine_kv_blocks_free"), Value(metrics, "xllm_engine_kv_blocks_total"));
            if (running == 0 && waiting == 0 && free == total && total > 0)
            {
                return;
            }

            Assert.True(DateTime.UtcNow < until, $"{engine.Name}: {running} sequences run, {waiting} wait, {free} of {total} KV blocks are free");
            await Task.Delay(200, cancellationToken);
        }
    }

    private static double Value(string metrics, string name)
    {
        var line = metrics.Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) ?? throw new InvalidOperationException($"{name} is not among the metrics");
        return double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    private static int Setting(string name, int missing) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : missing;
}
