using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using XLLM.Grains.Hosting;
using XLLM.Grains.Routing;
using XLLM.Simulator.Replicas;
using XLLM.Simulator.Reports;
using XLLM.Simulator.Traces;

namespace XLLM.Simulator;

/// <summary>The verb "replay": a table per trace, speed and number of replicas, a row per policy.</summary>
internal static class ReplayVerb
{
    /// <summary>What the verb understands: name, default, meaning.</summary>
    public static readonly (string Name, string Default, string Meaning)[] Switches =
    [
        ("--trace", "(required)", "a file, or several with commas: Mooncake or rtp-llm .jsonl, Azure .csv"),
        ("--policy", "all", "names with commas; all of them: " + string.Join(", ", Selectors().Select(selector => selector.Name))),
        ("--replicas", "8", "numbers with commas, each 1 to 10000: a table each"),
        ("--speed", "1", "numbers with commas, each 0.001 to 100000: how much faster requests come than recorded; a table each"),
        ("--scale", "no", "yes: the speed is meant for 8 replicas and is multiplied by replicas / 8"),
        ("--requests", "all", "most requests to replay"),
        ("--engine", EngineShape.All[0].Name, string.Join(", ", EngineShape.All.Select(engine => engine.Name)) + ": step times and bounds of every replica"),
        ("--kv-tokens", "the engine's", "tokens whose keys and values a replica keeps, 512 to 1e9"),
        ("--step-tokens", "the engine's", "most rows of a step, 1 to 1000000"),
        ("--running", "the engine's", "most running sequences, 1 to 100000"),
        ("--routers", "1", "silos that route, each with its own view, 1 to 1000"),
        ("--heartbeat", "1", "seconds between announcements, 0.001 to 60"),
        ("--event-delay", "0.05", "seconds from a KV event to the routers, 0 to 60"),
        ("--prefill-weight", "the product's", "Xllm:Routing:PrefillWeight"),
        ("--temperature", "the product's", "Xllm:Routing:Temperature"),
        ("--copy-tokens", "the product's", "Xllm:Routing:CopyTokensPerSecond; 0: no copying"),
        ("--copy-threshold", "the product's", "Xllm:Routing:CopyThreshold"),
        ("--slo-ttft", "5", "seconds to the first token that count as good, 0.001 to 3600"),
        ("--slo-tpot", "0.1", "seconds per token after the first that count as good, 0.001 to 60"),
        ("--refuse-late", "no", "yes: Xllm:Routing:RefuseLate"),
        ("--seed", "1", "of the routers' draws, 0 to 2000000000"),
        ("--threads", "the processors", "policies replayed at a time, 1 to 64"),
    ];

    /// <summary>The product's policies, as a silo registers them.</summary>
    public static IReplicaSelector[] Selectors()
    {
        var services = new ServiceCollection();
        services.AddReplicaSelectors();
        return [.. services.BuildServiceProvider().GetServices<IReplicaSelector>()];
    }

    /// <summary>Runs it.</summary>
    public static int Run(string[] words)
    {
        var arguments = new Arguments(words, [.. Switches.Select(known => known.Name)]);
        var policies = Policies(arguments.Text("--policy", "all"));
        var settings = Settings(arguments);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = arguments.Number("--threads", Environment.ProcessorCount, 1, 64) };
        foreach (var file in arguments.Required("--trace").Split(','))
        {
            var trace = TraceReader.Read(file);
            foreach (var replicas in arguments.Reals("--replicas", "8", 1, 10_000))
            {
                foreach (var speed in arguments.Reals("--speed", "1", 0.001, 100_000))
                {
                    var scale = arguments.Text("--scale", "no") == "yes" ? replicas / 8 : 1;
                    Print(trace, settings with { Replicas = (int)replicas, Speed = speed * scale }, policies, parallel);
                }
            }
        }

        return 0;
    }

    private static void Print(Trace trace, ReplaySettings settings, IReplicaSelector[] policies, ParallelOptions parallel)
    {
        var began = TimeProvider.System.GetTimestamp();
        var results = new ReplayResult[policies.Length];
        Parallel.For(0, policies.Length, parallel, i => results[i] = Replay.Run(trace, settings, policies[i]));
        var requests = results[0].Requests;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"\n**{trace.Name}**, {requests} requests at {settings.Speed:0.###}x ({requests / Math.Max(1e-9, results[0].LastArrival):F2}/s), {settings.Replicas} x {settings.Engine.Name} of {settings.Engine.KvTokens / 1e6:0.##} M tokens, {settings.Routers} router(s), seed {settings.Seed}; SLO {settings.Routing.FirstTokenObjective.TotalSeconds:0.###} s, {settings.Routing.NextTokenObjective.TotalMilliseconds:0.###} ms; a cache without bounds: {100 * IdealHits.ByToken(trace):F1} % of tokens\n"));
        foreach (var line in MarkdownTable.Header().Concat(results.Select(MarkdownTable.Row)))
        {
            Console.WriteLine(line);
        }

        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"({TimeProvider.System.GetElapsedTime(began).TotalSeconds:F1} s)"));
    }

    private static IReplicaSelector[] Policies(string names)
    {
        var all = Selectors();
        return names == "all"
            ? all
            : [.. names.Split(',').Select(name => Array.Find(all, selector => selector.Name == name)
                ?? throw new FormatException($"no policy is called '{name}'; there are {string.Join(", ", all.Select(selector => selector.Name))}"))];
    }

    private static ReplaySettings Settings(Arguments arguments)
    {
        var routing = new RoutingOptions();
        routing.PrefillWeight = arguments.Real("--prefill-weight", routing.PrefillWeight, 0, 1000);
        routing.Temperature = arguments.Real("--temperature", routing.Temperature, 0, 10);
        routing.CopyTokensPerSecond = arguments.Real("--copy-tokens", routing.CopyTokensPerSecond, 0, 1e9);
        routing.CopyThreshold = arguments.Real("--copy-threshold", routing.CopyThreshold, 1, 1000);
        routing.FirstTokenObjective = TimeSpan.FromSeconds(arguments.Real("--slo-ttft", 5, 0.001, 3600));
        routing.NextTokenObjective = TimeSpan.FromSeconds(arguments.Real("--slo-tpot", 0.1, 0.001, 60));
        routing.RefuseLate = arguments.Text("--refuse-late", "no") == "yes";

        var name = arguments.Text("--engine", EngineShape.All[0].Name);
        var engine = Array.Find(EngineShape.All, shape => shape.Name == name)
            ?? throw new FormatException($"no engine is called '{name}'; there are {string.Join(", ", EngineShape.All.Select(shape => shape.Name))}");
        return new ReplaySettings
        {
            Engine = engine with
            {
                KvTokens = (long)arguments.Real("--kv-tokens", engine.KvTokens, 512, 1e9),
                MaxTokensPerStep = arguments.Number("--step-tokens", engine.MaxTokensPerStep, 1, 1_000_000),
                MaxRunningSequences = arguments.Number("--running", engine.MaxRunningSequences, 1, 100_000),
            },
            Routers = arguments.Number("--routers", 1, 1, 1000),
            Heartbeat = arguments.Real("--heartbeat", 1, 0.001, 60),
            EventDelay = arguments.Real("--event-delay", 0.05, 0, 60),
            Seed = (ulong)arguments.Number("--seed", 1, 0, 2_000_000_000),
            MostRequests = arguments.Number("--requests", int.MaxValue, 1, int.MaxValue),
            Routing = routing,
        };
    }
}
