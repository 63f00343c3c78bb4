using System.Diagnostics;
using System.Globalization;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;
using XLLM.Grains.Prefixes;

namespace XLLM.Benchmarks;

/// <summary>Time of one question to a silo's prefix table: how much of a prompt does each replica hold.</summary>
internal static class PrefixIndexBenchmark
{
    public static int Run(string[] args)
    {
        var arguments = new Arguments(args);
        var (hashes, replicas, blocks, questions) = (
            arguments.Number("--hashes", 1_000_000), arguments.Number("--replicas", 16), arguments.Number("--blocks", 125), arguments.Number("--questions", 20_000));
        var index = new PrefixIndex(hashes);
        ReplicaKey[] keys = [.. Enumerable.Range(0, replicas).Select(i => new ReplicaKey("m", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{i}@1")))];
        var random = new Random(1);
        var prompts = new PrefixHash[hashes / blocks][];
        var clock = Stopwatch.StartNew();
        for (var prompt = 0; prompt < prompts.Length; prompt++)
        {
            // Every prompt is held by a few replicas, each to a depth of its own.
            var hash = PrefixHash.Root("m", string.Create(CultureInfo.InvariantCulture, $"{prompt}"));
            prompts[prompt] = PrefixHash.Chain(hash, [.. Enumerable.Range(0, blocks * 16)], 16);
            for (var holder = 0; holder < 3; holder++)
            {
                var depth = holder == 0 ? blocks : random.Next(1, blocks + 1);
                for (var i = 0; i < depth; i++)
                {
                    index.Set(keys[(prompt + holder) % replicas], prompts[prompt][i], i % 3 == 0 ? PrefixTiers.Host : PrefixTiers.Device | PrefixTiers.Host);
                }
            }
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{index.Count} hashes, {replicas} replicas, filled in {clock.Elapsed.TotalSeconds:F1} s; prompts of {blocks} blocks"));
        var holdings = new PrefixHolding[replicas];
        var times = new double[questions];
        for (var i = 0; i < questions; i++)
        {
            var prompt = prompts[random.Next(prompts.Length)];
            var started = Stopwatch.GetTimestamp();
            index.Find(prompt, keys, holdings);
            times[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }

        Array.Sort(times);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"one question: median {times[questions / 2]:F1} µs, p99 {times[(int)(questions * 0.99)]:F1} µs"));
        return 0;
    }
}
