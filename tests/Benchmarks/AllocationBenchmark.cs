using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using XLLM.Grains.Interfaces.Generation;
using XLLM.NativeBackends;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Diagnostics;
using XLLM.Silo.Engine;
using XLLM.Silo.Execution;
using XLLM.Silo.KvCache;
using XLLM.Silo.Models;
using XLLM.Silo.Scheduling;
using XLLM.Silo.Tokenization;
using XLLM.Testing;

namespace XLLM.Benchmarks;

/// <summary>What a warm step of the demo model allocates on the managed heap: planning, batch, forward, sampling, stop conditions, text. The readers' events are not counted: they are made when a reader asks.</summary>
internal static class AllocationBenchmark
{
    private const int Sequences = 16;
    /// <summary>Unread output is kept in lists that double; after this many tokens none doubles within the measured steps.</summary>
    private const int WarmSteps = 1150;
    private const int MeasuredSteps = 200;

    public static int Run(string[] args)
    {
        var arguments = new Arguments(args);
        using var backend = BackendRegistry.Open(arguments.Text("--backend", "auto"), new BackendOptions { Threads = 1 });
        var loaded = ModelLoader.Load(Paths.DemoModel, backend, new ModelLoadOptions());
        var options = new EngineOptions();
        using var pool = new KvPool(backend, loaded.Model.KvLayout, options.KvType.ElementType(), options.BlockTokens, 4096);
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var metrics = new EngineMetrics(services.GetRequiredService<IMeterFactory>(), "demo");
        var blocks = new KvBlockManager(KvGroupRules.For(loaded.Model.KvLayout, pool.Geometry), pool.Blocks, options.BlockTokens);
        var executor = new ModelExecutor(loaded.Model, backend.Ops, pool, TimeProvider.System, NullLogger<ModelExecutor>.Instance);
        var inbox = new GenerationInbox(Sequences, new WakeSignal());
        var scheduler = new Scheduler(blocks, AdmissionOrders.Find(options.AdmissionOrder)!, new SchedulerOptions(options.MaxTokensPerStep, Sequences));
        var core = new EngineCore(inbox, scheduler, blocks, metrics, TimeProvider.System);
        var served = new ServedModel { Name = "demo", VocabularySize = loaded.Info.VocabularySize, MaxContext = loaded.Info.ContextLength, EndTokens = loaded.Info.EosTokenIds };
        var intake = new RequestIntake(served, blocks, TokenizerLoader.Load(Paths.DemoModel), inbox, TimeProvider.System, () => 1);
        for (var i = 0; i < Sequences; i++)
        {
            intake.Start(new GenerationRequest
            {
                RequestId = $"r{i}",
                Model = "demo",
                PromptTokens = [1, 2, 3, i],
                Sampling = new() { Temperature = i % 2, TopP = 0.9f },
                Stop = new() { MaxTokens = WarmSteps + MeasuredSteps + 100, IgnoreEndToken = true },
            });
        }

        Steps(core, executor, WarmSteps);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Steps(core, executor, MeasuredSteps);
        var bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)MeasuredSteps;
        var budget = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "budgets.json")))!["managedBytesPerWarmStep"]!.GetValue<double>();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{backend.Name}: {bytes:F1} bytes per warm step of {Sequences} sequences over {MeasuredSteps} steps; the budget is {budget:F0}"));
        return bytes <= budget ? 0 : 1;
    }

    private static void Steps(EngineCore core, ModelExecutor executor, int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            core.TakeInbox();
            var plan = core.PlanStep() ?? throw new InvalidOperationException("nothing to do: the sequences ended before the measurement did");
            executor.Execute(plan);
            core.Complete(plan);
        }
    }
}
