using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Silo.Engine;

/// <summary>The engine's own thread: take requests, take in a finished step, plan the next one, or sleep. Never a thread of the pool (decision D10).</summary>
internal sealed partial class EngineLoop
{
    private readonly EngineCore _core;
    private readonly GenerationInbox _inbox;
    private readonly WakeSignal _wake;
    private readonly Func<IStepPipeline> _createPipeline;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastProgress;
    private bool _hasWork;
    private bool _hasFailed;

    /// <param name="core">What is done.</param>
    /// <param name="inbox">Says when to stop.</param>
    /// <param name="wake">Set when there is something to do.</param>
    /// <param name="createPipeline">Makes where steps execute; called on the loop's thread.</param>
    /// <param name="clock">Dates progress.</param>
    /// <param name="logger">Hears of faults.</param>
    public EngineLoop(EngineCore core, GenerationInbox inbox, WakeSignal wake, Func<IStepPipeline> createPipeline, TimeProvider clock, ILogger logger)
    {
        (_core, _inbox, _wake, _createPipeline, _clock, _logger) = (core, inbox, wake, createPipeline, clock, logger);
        _lastProgress = clock.GetTimestamp();
    }

    /// <summary>Completes when the loop has ended: the inbox was closed and nothing is left to do.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Whether the loop broke on a fault of its own. It serves nothing any more.</summary>
    public bool HasFailed => Volatile.Read(ref _hasFailed);

    /// <summary>Time without progress while there is work; zero for an idle engine. Thread-safe.</summary>
    public TimeSpan Stalled => Volatile.Read(ref _hasWork) ? _clock.GetElapsedTime(Volatile.Read(ref _lastProgress)) : TimeSpan.Zero;

    /// <summary>Time since a step last finished, or since the start. Thread-safe.</summary>
    public TimeSpan SinceLastStep => _clock.GetElapsedTime(Volatile.Read(ref _lastProgress));

    /// <summary>Starts the thread.</summary>
    /// <param name="name">Its name.</param>
    public void Start(string name) => new Thread(Run) { Name = name, IsBackground = true }.Start();

    private void Run()
    {
        try
        {
            using var pipeline = _createPipeline();
            while (RunOnce(pipeline))
            {
            }
        }
        catch (Exception exception)
        {
            // A fault of ours: the books may be wrong, so the engine stops serving instead of guessing. Health checks see it.
            Volatile.Write(ref _hasFailed, true);
            LogLoopFailed(exception);
            _inbox.Close("the engine failed and must be restarted");
            FailAll($"the engine failed: {exception.Message}");
        }
        finally
        {
            Volatile.Write(ref _hasWork, false);
            _ended.TrySetResult();
        }
    }

    private bool RunOnce(IStepPipeline pipeline)
    {
        _core.TakeInbox();
        NoteWork(pipeline.Count > 0 || _core.ActiveGenerations > 0);
        if (pipeline.TryTakeFinished(out var finished))
        {
            _core.Complete(finished);
            Volatile.Write(ref _lastProgress, _clock.GetTimestamp());
        }
        else if (pipeline.Count < pipeline.Depth && _core.PlanStep() is { } plan)
        {
            pipeline.Submit(plan);
        }
        else if (_inbox.IsFinished && pipeline.Count == 0 && _core.ActiveGenerations == 0)
        {
            return false;
        }
        else
        {
            _wake.Wait();
        }

        return true;
    }

    private void NoteWork(bool hasWork)
    {
        if (hasWork && !_hasWork)
        {
            Volatile.Write(ref _lastProgress, _clock.GetTimestamp());
        }

        Volatile.Write(ref _hasWork, hasWork);
    }

    private void FailAll(string message)
    {
        try
        {
            _core.TakeInbox();
            _core.EndAll(EndReason.Failed, message);
        }
        catch (Exception exception)
        {
            LogLoopFailed(exception);
        }
    }
}
