using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Streams;
using Orleans.TestingHost;

namespace XLLM.Benchmarks.PrefixFeed;

/// <summary>How a silo tells the others which prefixes it holds: direct calls against Orleans streams, in turn, between the same silos of one process.</summary>
internal static class PrefixFeedBenchmark
{
    /// <summary>Name of the stream provider.</summary>
    internal const string Provider = "feed";

    private const string PubSubStore = "PubSubStore";       // the name that Orleans looks for

    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        var (silos, batches, hashes, period, poll, rounds) = (
            arguments.Number("--silos", 4), arguments.Number("--batches", 100), arguments.Number("--hashes", 64),
            arguments.Number("--period", 50), arguments.Number("--poll", 100), arguments.Number("--rounds", 3));
        var builder = new InProcessTestClusterBuilder((short)silos);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) => silo
            .AddMemoryGrainStorage(PubSubStore)
            .AddMemoryStreams(Provider, streams => streams.ConfigurePullingAgent(
                agent => agent.Configure(options => options.GetQueueMsgsTimerPeriod = TimeSpan.FromMilliseconds(poll)))));
        await using var cluster = builder.Build();
        await cluster.DeployAsync();

        // One silo publishes; every other one has a table.
        var (publisher, others) = (cluster.Silos[0], cluster.Silos.Skip(1).ToArray());
        var tables = others.Select(silo => silo.ServiceProvider.GetRequiredService<IGrainFactory>().GetGrain<IFeedTableGrain>(silo.Name)).ToArray();
        var from = publisher.ServiceProvider.GetRequiredService<IGrainFactory>();
        var stream = Guid.NewGuid();
        foreach (var table in tables)
        {
            await table.ListenAsync(stream);
        }

        var direct = others.Select(silo => from.GetGrain<IFeedTableGrain>(silo.Name)).ToArray();
        var published = publisher.ServiceProvider.GetRequiredKeyedService<IStreamProvider>(Provider).GetStream<FeedBatch>(StreamId.Create("feed", stream));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{silos} silos, a batch of {hashes} hashes every {period} ms, {batches} batches a round; streams are polled every {poll} ms"));
        for (var round = 0; round <= rounds; round++)
        {
            // Round 0 warms both up.
            await MeasureAsync("direct calls", round, batch => Task.WhenAll(direct.Select(table => table.ApplyAsync(batch))));
            await MeasureAsync("streams     ", round, batch => published.OnNextAsync(batch));
        }

        return 0;

        async Task MeasureAsync(string name, int round, Func<FeedBatch, Task> send)
        {
            var processor = Environment.CpuUsage.TotalTime;
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(period));
            for (var number = 1; number <= batches; number++)
            {
                await send(new FeedBatch(number, Stopwatch.GetTimestamp(), new ulong[2 * hashes], new byte[hashes]));
                await timer.WaitForNextTickAsync();
            }

            // Streams have their last batches on the way.
            var delays = new List<double>();
            while (delays.Count < batches * tables.Length)
            {
                await timer.WaitForNextTickAsync();
                foreach (var table in tables)
                {
                    delays.AddRange(await table.TakeDelaysAsync());
                }
            }

            var used = Environment.CpuUsage.TotalTime - processor;
            delays.Sort();
            if (round > 0)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name}  median {delays[delays.Count / 2],7:F2} ms, p99 {delays[delays.Count * 99 / 100],7:F2} ms; processor {used.TotalMicroseconds / delays.Count,6:F0} µs a batch and table"));
            }
        }
    }
}
