using XLLM.Grains.Interfaces.Generation;
using XLLM.Silo.Engine;
using XLLM.Silo.Execution;
using XLLM.Silo.Scheduling;
using XLLM.Silo.Transfer;

namespace XLLM.Silo.Tests.Engine;

/// <summary>An engine without threads: the test makes it step, so that every run of a test is the same. Depth 2 plans a step before the one before it executes, as the threads do.</summary>
internal sealed class SteppedEngine
{
    private readonly Queue<StepPlan> _underWay = new();
    private readonly IStepExecutor _executor;
    private readonly int _depth;
    private readonly KvTiers? _tiers;

    public SteppedEngine(EngineSetup setup, int depth, IStepExecutor? executor = null)
    {
        (_depth, _executor) = (depth, executor ?? setup.Executor);
        setup.Tiers?.Attach(setup.Blocks, () => { });
        Inbox = new GenerationInbox(setup.Options.MaxQueuedSequences, new WakeSignal());
        Scheduler = new Scheduler(
            setup.Blocks, AdmissionOrders.Find(setup.Options.AdmissionOrder)!, new SchedulerOptions(setup.Options.MaxTokensPerStep, setup.Options.MaxRunningSequences),
            setup.Tiers is null ? null : new TieredPrefixLoads(setup.Blocks, setup.Tiers));
        _tiers = setup.Tiers;
        Core = new EngineCore(Inbox, Scheduler, setup.Blocks, setup.Metrics, TimeProvider.System, setup.Tiers, setup.Feed);
        Intake = new RequestIntake(setup.Served, setup.Blocks, setup.Tokenizer, Inbox, TimeProvider.System, () => 1);
    }

    public GenerationInbox Inbox { get; }

    public Scheduler Scheduler { get; }

    public EngineCore Core { get; }

    public RequestIntake Intake { get; }

    /// <summary>Takes requests, plans a step, executes the oldest one under way. False if there is nothing to do.</summary>
    public bool Step()
    {
        Core.TakeInbox();
        var planned = Core.PlanStep();
        if (planned is not null)
        {
            _underWay.Enqueue(planned);
        }

        if (_underWay.Count >= _depth || (planned is null && _underWay.Count > 0))
        {
            var plan = _underWay.Dequeue();
            _executor.Execute(plan);
            Core.Complete(plan);
            return true;
        }

        return planned is not null;
    }

    /// <summary>Steps until nothing is left to do.</summary>
    public void Run()
    {
        for (var idle = 0; idle < 1000; idle++)
        {
            while (Step())
            {
                idle = 0;
            }

            if (!Loads())
            {
                break;
            }
        }

        Assert.Equal(0, Core.ActiveGenerations);
    }

    /// <summary>Waits for blocks that are on their way; whether anybody waits for them.</summary>
    private bool Loads()
    {
        _tiers?.WhenSettledAsync().GetAwaiter().GetResult();
        return Core.ActiveGenerations > 0 || _tiers is { HasCopies: true };
    }

    /// <summary>Runs requests together and reads their answers.</summary>
    public Answer[] Run(params GenerationRequest[] requests)
    {
        var generations = requests.Select(Intake.Start).ToArray();
        Run();
        return [.. generations.Select(Read)];
    }

    /// <summary>Reads what a generation has to tell now.</summary>
    public static Answer Read(Generation generation)
    {
        var answer = new Answer();
        var reader = generation.GetAsyncEnumerator();
        while (answer.End is null)
        {
            var move = reader.MoveNextAsync().AsTask();
            Assert.True(move is { IsCompleted: true, Result: true }, "the generation has not ended");
            answer.Add(reader.Current);
        }

        return answer;
    }
}
