using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Ports;
using XLLM.Silo.Diagnostics;
using XLLM.Silo.Execution;
using XLLM.Silo.KvCache;
using XLLM.Silo.Scheduling;
using XLLM.Silo.Tokenization;
using XLLM.Silo.Transfer;

namespace XLLM.Silo.Engine;

/// <summary>The thread-safe front of an engine: starts generations, tells its load and health, stops it.</summary>
internal sealed partial class InferenceEngine : IInferenceEngine, IAsyncDisposable
{
    private readonly string _name;
    private readonly EngineOptions _options;
    private readonly EngineMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly GenerationInbox _inbox;
    private readonly RequestIntake _intake;
    private readonly EngineCore _core;
    private readonly EngineLoop _loop;

    /// <summary>Starts an engine; it waits for requests.</summary>
    /// <param name="model">What it serves.</param>
    /// <param name="options">How; checked.</param>
    /// <param name="blocks">KV blocks of the executor's pool. The engine owns it from now on.</param>
    /// <param name="executor">Computes steps; called by one thread of the engine.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="metrics">Its instruments.</param>
    /// <param name="clock">Dates tokens and steps.</param>
    /// <param name="drawSeed">Draws a seed for a request without one. Thread-safe.</param>
    /// <param name="logger">Hears of starts, stops and faults.</param>
    /// <param name="tiers">Slower memory for KV blocks, attached here; null: none. Its owner disposes it after the engine.</param>
    /// <param name="feed">Tells which prefixes are here; null: nobody asks.</param>
    public InferenceEngine(
        ServedModel model,
        EngineOptions options,
        KvBlockManager blocks,
        IStepExecutor executor,
        ITokenizer tokenizer,
        EngineMetrics metrics,
        TimeProvider clock,
        Func<long> drawSeed,
        ILogger<InferenceEngine> logger,
        KvTiers? tiers = null,
        KvChangeFeed? feed = null)
    {
        (_name, _options, _metrics, _clock, _logger) = (model.Name, options, metrics, clock, logger);
        var order = AdmissionOrders.Find(options.AdmissionOrder) ?? throw new ArgumentException($"no admission order is called '{options.AdmissionOrder}'", nameof(options));
        var wake = new WakeSignal();
        tiers?.Attach(blocks, wake.Set);
        var scheduler = new Scheduler(
            blocks,
            order,
            new SchedulerOptions(options.MaxTokensPerStep, options.MaxRunningSequences),
            tiers is null ? null : new TieredPrefixLoads(blocks, tiers));
        _inbox = new GenerationInbox(options.MaxQueuedSequences, wake);
        _intake = new RequestIntake(model, blocks, tokenizer, _inbox, clock, drawSeed);
        _core = new EngineCore(_inbox, scheduler, blocks, metrics, clock, tiers, feed);
        metrics.Observe(() => _core.Gauges);
        _loop = new EngineLoop(
            _core,
            _inbox,
            wake,
            () => options.AsyncScheduling ? new ThreadedStepPipeline(executor, wake, $"{model.Name} executor") : new InlineStepPipeline(executor),
            clock,
            logger);
        _loop.Start($"{model.Name} engine");
        LogStarted(model.Name, blocks.TotalBlocks, blocks.BlockTokens, model.MaxContext, options.MaxTokensPerStep, options.MaxRunningSequences);
    }

    /// <inheritdoc/>
    public ReplicaLoad Load
    {
        get
        {
            var gauges = _core.Gauges;
            return new ReplicaLoad
            {
                RunningSequences = gauges.RunningSequences,
                WaitingSequences = gauges.WaitingSequences,
                PendingTokens = (int)Math.Min(int.MaxValue, gauges.PendingTokens),
                FreeBlocks = gauges.FreeBlocks,
                TotalBlocks = gauges.TotalBlocks,
                StepTime = gauges.StepTime,
                PendingAttention = gauges.PendingAttention,
                MaxStepTokens = _options.MaxTokensPerStep,
                StepTimes = gauges.StepTimes,
                MaxRunningSequences = _options.MaxRunningSequences,
            };
        }
    }

    /// <summary>When a step last finished; when the engine started, if none has.</summary>
    public DateTimeOffset LastStepAt => _clock.GetUtcNow() - _loop.SinceLastStep;

    /// <summary>False if the engine broke, or has had work for <see cref="EngineOptions.HangTimeout"/> without finishing a step.</summary>
    public bool IsHealthy => !_loop.HasFailed && _loop.Stalled <= _options.HangTimeout;

    /// <summary>Completes when the engine has stopped, by <see cref="StopAsync"/> or by a fault.</summary>
    public Task Stopped => _loop.Ended;

    /// <inheritdoc/>
    /// <exception cref="Grains.Interfaces.RequestException">The request has token ids that the model has not, or an empty stop string.</exception>
    public IGeneration Start(GenerationRequest request) => _intake.Start(request);

    /// <summary>Takes no more requests, lets the present ones finish for <see cref="EngineOptions.DrainTimeout"/>, then ends them as unavailable. Returns when the engine's threads have ended, or are given up.</summary>
    /// <param name="cancellationToken">Cuts the wait for the present ones short; they are ended at once.</param>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        _inbox.Close("the replica stops");
        LogStopping(_name, _core.Gauges.RunningSequences + _core.Gauges.WaitingSequences);
        try
        {
            await _loop.Ended.WaitAsync(_options.DrainTimeout, _clock, cancellationToken);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            await EndAllAsync();
        }
    }

    /// <summary>Ends all generations and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        _inbox.Close("the replica stops");
        await EndAllAsync();
        _metrics.Dispose();
    }

    private async Task EndAllAsync()
    {
        _inbox.Abandon();
        try
        {
            await _loop.Ended.WaitAsync(_options.HangTimeout, _clock);
        }
        catch (TimeoutException)
        {
            // A device that hangs holds its thread; it must not hold the process.
            LogHung(_name, _options.HangTimeout);
        }
    }
}
