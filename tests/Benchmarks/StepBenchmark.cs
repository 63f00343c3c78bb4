using System.Diagnostics;
using System.Globalization;
using XLLM.NativeBackends;
using XLLM.NativeBackends.Decorators;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Hosting.Verification;
using XLLM.Silo.Models;

namespace XLLM.Benchmarks;

/// <summary>Prefill and decode of one model on one backend, without scheduler, sampling or HTTP. Prints the median of the rounds.</summary>
internal static class StepBenchmark
{
    private const int Chunk = 512;
    private const int DecodeSteps = 16;

    public static int Run(string[] args)
    {
        var arguments = new Arguments(args);
        var config = arguments.Text("--config", Path.Combine(AppContext.BaseDirectory, "configs", "qwen3-0.6b.json"));
        var (prompt, depth, sequences, rounds) = (arguments.Number("--prompt", 512), arguments.Number("--depth", 512), arguments.Number("--sequences", 1), arguments.Number("--rounds", 3));
        var opened = BackendRegistry.Open(arguments.Text("--backend", "auto"), new BackendOptions { Threads = arguments.Number("--threads", Environment.ProcessorCount) });
        var trace = args.Contains("--trace-ops") ? new TracingOps(opened.Ops) : null;
        using var backend = new DecoratedBackend(opened, trace ?? opened.Ops);
        var loaded = ModelLoader.Load(config, backend, new ModelLoadOptions { Format = LoadFormat.Dummy });
        Console.WriteLine($"{loaded.Info.Architecture}, {loaded.Info.Parameters / 1e6:F0} M parameters, {loaded.Info.WeightBytes / 1e6:F0} MB, {backend.Name} ({backend.Description})");
        using var runner = new ModelRunner(backend, loaded.Model, sequences + 1, Math.Max(prompt, depth) + DecodeSteps + 1);

        var prefill = Median(rounds, () => Prefill(runner, prompt));
        Report($"prefill {prompt}", prompt, prefill);
        var decode = Median(rounds, () => Decode(runner, depth, sequences));
        Report($"decode, depth {depth}, {sequences} sequences", DecodeSteps * sequences, decode);
        trace?.Write(Console.Out);
        return 0;
    }

    private static TimeSpan Prefill(ModelRunner runner, int prompt)
    {
        var sequence = runner.Start();
        var clock = Stopwatch.StartNew();
        Fill(runner, sequence, prompt);
        var elapsed = clock.Elapsed;
        runner.Release(sequence);
        return elapsed;
    }

    private static TimeSpan Decode(ModelRunner runner, int depth, int count)
    {
        var sequences = Enumerable.Range(0, count).Select(_ => runner.Start()).ToArray();
        foreach (var sequence in sequences)
        {
            Fill(runner, sequence, depth);
        }

        var grants = sequences.Select(sequence => new RunnerGrant(sequence, new[] { 7 })).ToArray();
        runner.Forward(grants);                     // the first step of a shape sizes the workspace
        var clock = Stopwatch.StartNew();
        for (var step = 1; step < DecodeSteps; step++)
        {
            runner.Forward(grants);
        }

        var elapsed = clock.Elapsed * DecodeSteps / (DecodeSteps - 1);
        Array.ForEach(sequences, runner.Release);
        return elapsed;
    }

    private static void Fill(ModelRunner runner, RunnerSequence sequence, int tokens)
    {
        for (var done = 0; done < tokens; done += Chunk)
        {
            var count = Math.Min(Chunk, tokens - done);
            runner.Forward([new(sequence, Enumerable.Range(done, count).Select(i => (i * 31) % 1000).ToArray())]);
        }
    }

    private static TimeSpan Median(int rounds, Func<TimeSpan> measure)
    {
        measure();                                  // warm: page faults of the weights, workspace, branch predictors
        return Enumerable.Range(0, rounds).Select(_ => measure()).Order().ElementAt(rounds / 2);
    }

    private static void Report(string what, int tokens, TimeSpan elapsed) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-36}{tokens / elapsed.TotalSeconds,9:F1} tokens/s"));
}
