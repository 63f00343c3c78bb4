using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Routing;
using XLLM.NativeBackends;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Diagnostics;
using XLLM.Silo.Engine;
using XLLM.Silo.Execution;
using XLLM.Silo.KvCache;
using XLLM.Silo.Models;
using XLLM.Silo.Scheduling;
using XLLM.Silo.Tokenization;
using XLLM.Simulator.Replicas;
using XLLM.Simulator.Reports;
using XLLM.Simulator.Traces;
using XLLM.Testing;

namespace XLLM.Simulator;

/// <summary>The verb "validate": serves a recorded arrival pattern with the real engine, replays the same pattern with the step times fitted meanwhile, and prints how far apart they are.</summary>
internal static class ValidateVerb
{
    /// <summary>What the verb understands: name, default, meaning.</summary>
    public static readonly (string Name, string Default, string Meaning)[] Switches =
    [
        ("--model", "the demo model", "a model folder, or a config.json for random weights"),
        ("--backend", "auto", "backend that computes"),
        ("--threads", "1", "threads of the backend, 1 to 256"),
        ("--requests", "120", "requests of the measured part; as many before it are for the fit; 2 to 100000"),
        ("--rate", "8", "requests per second, 0.01 to 10000"),
        ("--prompt", "256", "mean prompt tokens (uniform from half to three halves), 2 to 100000"),
        ("--output", "32", "mean output tokens (the same), 2 to 100000"),
        ("--seed", "1", "of lengths, tokens and gaps, 0 to 2000000000"),
    ];

    /// <summary>Runs it.</summary>
    public static async Task<int> RunAsync(string[] words)
    {
        var arguments = new Arguments(words, [.. Switches.Select(known => known.Name)]);
        var path = arguments.Text("--model", Paths.DemoModel);
        var count = arguments.Number("--requests", 120, 2, 100_000);
        var load = Load(
            2 * count, arguments.Real("--rate", 8, 0.01, 10_000), arguments.Number("--prompt", 256, 2, 100_000), arguments.Number("--output", 32, 2, 100_000),
            arguments.Number("--seed", 1, 0, 2_000_000_000));

        using var backend = BackendRegistry.Open(arguments.Text("--backend", "auto"), new BackendOptions { Threads = arguments.Number("--threads", 1, 1, 256) });
        var loaded = ModelLoader.Load(path, backend, new ModelLoadOptions { Format = File.Exists(path) ? LoadFormat.Dummy : LoadFormat.Auto });
        var options = new EngineOptions { MaxQueuedSequences = 2 * count };
        using var pool = new KvPool(backend, loaded.Model.KvLayout, options.KvType.ElementType(), options.BlockTokens, 4096);
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var latencies = new EngineLatencies();
        var recorder = new RecordingExecutor(new ModelExecutor(loaded.Model, backend.Ops, pool, TimeProvider.System, NullLogger<ModelExecutor>.Instance));
        await using var engine = new InferenceEngine(
            new ServedModel { Name = "measured", VocabularySize = loaded.Info.VocabularySize, MaxContext = loaded.Info.ContextLength, EndTokens = loaded.Info.EosTokenIds },
            options,
            new KvBlockManager(KvGroupRules.For(loaded.Model.KvLayout, pool.Geometry), pool.Blocks, options.BlockTokens),
            recorder,
            new ByteTokenizer(loaded.Info.VocabularySize),
            new EngineMetrics(services.GetRequiredService<IMeterFactory>(), "measured"),
            TimeProvider.System,
            () => 1,
            NullLogger<InferenceEngine>.Instance);

        await ServeAsync(engine, load[..count], loaded.Info.VocabularySize);
        var model = recorder.Model ?? throw new FormatException($"{recorder.Steps} steps are too few to fit {StepTimePredictor.LeastSteps}; ask for more requests");
        latencies.Clear();
        recorder.Clear();
        var arrivals = await ServeAsync(engine, load[count..], loaded.Info.VocabularySize);
        await engine.StopAsync();

        var trace = new Trace("arrivals", 0, [.. load[count..].Select((request, i) => request with { Time = arrivals[i] - arrivals[0] })]);
        ReplayResult Simulate(StepTimeModel times) => Replay.Run(
            trace,
            new ReplaySettings { Replicas = 1, Engine = new EngineShape("fitted", times, (long)pool.Blocks * options.BlockTokens, options.MaxTokensPerStep, options.MaxRunningSequences) },
            new RoundRobin());

        Print(backend, loaded, model, recorder, latencies, Simulate(model), Simulate(recorder.Refit()));
        return 0;
    }

    private static TraceRequest[] Load(int count, double rate, int prompt, int output, int seed)
    {
        var random = new Random(seed);
        var time = 0.0;
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            time -= Math.Log(1 - random.NextDouble()) / rate;
            return new TraceRequest(time, random.Next(prompt / 2, (prompt * 3 / 2) + 1), random.Next(Math.Max(1, output / 2), (output * 3 / 2) + 1), [i]);
        })];
    }

    /// <summary>Sends each request at its time and waits for all.</summary>
    /// <returns>When each was sent, in seconds.</returns>
    private static async Task<double[]> ServeAsync(InferenceEngine engine, TraceRequest[] requests, int vocabulary)
    {
        var began = TimeProvider.System.GetTimestamp();
        var sent = new double[requests.Length];
        var reading = new List<Task>();
        for (var i = 0; i < requests.Length; i++)
        {
            var wait = TimeSpan.FromSeconds(requests[i].Time - requests[0].Time) - TimeProvider.System.GetElapsedTime(began);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait);
            }

            var random = new Random(requests[i].Blocks[0]);
            sent[i] = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
            reading.Add(ReadAsync(engine.Start(new GenerationRequest
            {
                RequestId = $"r{i}",
                Model = "measured",
                PromptTokens = [.. Enumerable.Range(0, requests[i].InputTokens).Select(_ => random.Next(vocabulary))],
                Sampling = new SamplingParameters { Temperature = 0 },
                Stop = new StopParameters { MaxTokens = requests[i].OutputTokens, IgnoreEndToken = true },
            })));
        }

        await Task.WhenAll(reading);
        return sent;
    }

    private static async Task ReadAsync(Grains.Ports.IGeneration generation)
    {
        await using (generation)
        {
            await foreach (var next in generation)
            {
                if (next is GenerationEnded { Reason: not EndReason.Length } ended)
                {
                    throw new InvalidOperationException($"a request ended with {ended.Reason}: {ended.Message}");
                }
            }
        }
    }

    private static void Print(
        IBackend backend, LoadedModel loaded, in StepTimeModel model, RecordingExecutor recorder, EngineLatencies latencies, ReplayResult before, ReplayResult same)
    {
        Write($"{loaded.Info.Architecture}, {loaded.Info.Parameters / 1e6:F0} M parameters, {backend.Name}");
        Write($"fitted: {1e3 * model.Fixed:F3} ms per step, {1e6 * model.PerRow:F1} us per row, {1e6 * model.PerSequence:F1} us per sequence, {1e9 * model.PerContextToken:F1} ns per context token, {1e9 * model.PerAttendedToken:F2} ns per attended token");
        var errors = new Distribution(recorder.Errors);
        Write($"a step, predicted when it begins: {recorder.Steps} steps, error p50 {100 * errors.At(0.5):F1} %, p90 {100 * errors.At(0.9):F1} %\n");
        Write($"| | engine | simulator, fitted before | error | fitted meanwhile | error |");
        Write($"| --- | ---: | ---: | ---: | ---: | ---: |");
        Row("TTFT mean, ms", latencies.FirstToken.Mean, result => result.FirstToken.Mean);
        Row("TTFT p50, ms", latencies.FirstToken.At(0.5), result => result.FirstToken.At(0.5));
        Row("TTFT p90, ms", latencies.FirstToken.At(0.9), result => result.FirstToken.At(0.9));
        Row("TPOT mean, ms", latencies.PerToken.Mean, result => result.PerToken.Mean);
        Row("TPOT p50, ms", latencies.PerToken.At(0.5), result => result.PerToken.At(0.5));
        Row("TPOT p90, ms", latencies.PerToken.At(0.9), result => result.PerToken.At(0.9));
        Row("all steps, ms", recorder.Seconds, result => result.Utilization * result.End);

        void Row(string name, double measured, Func<ReplayResult, double> read) =>
            Write($"| {name} | {1e3 * measured:F1} | {1e3 * read(before):F1} | {100 * ((read(before) / measured) - 1):+0.0;-0.0} % | {1e3 * read(same):F1} | {100 * ((read(same) / measured) - 1):+0.0;-0.0} % |");

        static void Write(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
    }
}
