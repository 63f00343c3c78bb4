using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Silo.KvCache;
using XLLM.Silo.Sampling;
using XLLM.Silo.Scheduling;
using XLLM.Silo.Sequences;

namespace XLLM.Simulator.Replicas;

/// <summary>The engine's own scheduler, KV blocks and sequences; only the executor is a formula. One step executes while the next one is planned, as in the engine.</summary>
internal sealed class SimulatedReplica
{
    private readonly EngineShape _shape;
    private readonly KvBlockManager _blocks;
    private readonly Scheduler _scheduler;
    private readonly StepTimePredictor _stepTimes = new();
    private readonly Dictionary<SequenceId, SimulatedRequest> _active = [];
    private PlannedStep _executing = new();
    private PlannedStep _next = new();
    private double _recentStep;
    private long _sequences;

    /// <param name="shape">The engine.</param>
    /// <param name="blockTokens">Tokens of one KV block.</param>
    /// <param name="events">Hears what it holds.</param>
    public SimulatedReplica(EngineShape shape, int blockTokens, IKvEvents? events = null)
    {
        _shape = shape;
        _blocks = new KvBlockManager([new FullAttentionRule()], (int)Math.Max(1, shape.KvTokens / blockTokens), blockTokens, events: events);
        _scheduler = new Scheduler(_blocks, new FirstComeFirstServed(), new SchedulerOptions(shape.MaxTokensPerStep, shape.MaxRunningSequences));
    }

    /// <summary>Sequences preempted so far.</summary>
    public long Preemptions => _scheduler.Preemptions;

    /// <summary>Seconds that it computed.</summary>
    public double BusySeconds { get; private set; }

    /// <summary>Requests that have not ended.</summary>
    public int Active => _active.Count;

    /// <summary>KV blocks that sequences hold.</summary>
    public int UsedBlocks => _blocks.UsedBlocks;

    /// <summary>Its fit of its own steps.</summary>
    public StepTimeModel? StepTimes => _stepTimes.Model;

    /// <summary>What it announces.</summary>
    public ReplicaLoad Load => new()
    {
        RunningSequences = _scheduler.Running.Count,
        WaitingSequences = _scheduler.WaitingSequences,
        PendingTokens = (int)Math.Min(int.MaxValue, _scheduler.PendingTokens),
        PendingAttention = _scheduler.PendingAttention,
        FreeBlocks = _blocks.FreeBlocks,
        TotalBlocks = _blocks.TotalBlocks,
        StepTime = TimeSpan.FromSeconds(_recentStep),
        MaxStepTokens = _shape.MaxTokensPerStep,
        StepTimes = _stepTimes.Model,
        MaxRunningSequences = _shape.MaxRunningSequences,
    };

    /// <summary>Takes a request. False: it could never run here.</summary>
    /// <param name="request">The request.</param>
    /// <param name="prompt">Its tokens.</param>
    public bool TryAdd(SimulatedRequest request, int[] prompt)
    {
        var prefix = new PrefixChain(PromptTokens.Root, _blocks.BlockTokens);
        var sequence = new Sequence(
            new SequenceId(++_sequences), prompt, [], prompt.Length + request.Trace.OutputTokens, 0, _blocks.CreateTables(), prefix,
            new SamplerState(new SamplingSettings(), [], []));
        if (!_scheduler.TryAdd(sequence))
        {
            return false;
        }

        request.Sequence = sequence;
        _active.Add(sequence.Id, request);
        return true;
    }

    /// <summary>Takes KV blocks in that another replica has sent: they are cached as if they had been computed here. Nothing happens where there is no room.</summary>
    public void Import(int[] prompt, int tokens)
    {
        var prefix = new PrefixChain(PromptTokens.Root, _blocks.BlockTokens);
        prefix.Extend(prompt.AsSpan(0, tokens));
        var tables = _blocks.CreateTables();
        if (_blocks.TryReserve(tables, tokens))
        {
            _blocks.Commit(tables, prefix, tokens);
            _blocks.Release(tables);
        }
    }

    /// <summary>Lets it go on: starts a step if none executes, plans the one after it.</summary>
    /// <returns>When the step that was started ends; null if none was.</returns>
    public double? Continue(double now)
    {
        double? ends = null;
        if (_executing.Grants.Count == 0)
        {
            Plan(_executing);
            ends = Start(now);
        }

        if (_executing.Grants.Count > 0 && _next.Grants.Count == 0)
        {
            Plan(_next);
        }

        return ends;
    }

    /// <summary>The step that executes has ended: takes in what it computed and starts the next one.</summary>
    /// <param name="now">Time.</param>
    /// <param name="ended">Gets the requests that this step has completed.</param>
    /// <returns>When the next step ends; null if there is none.</returns>
    public double? EndStep(double now, List<SimulatedRequest> ended)
    {
        var finished = _executing;
        (_executing, _next) = (_next, finished);
        foreach (var grant in finished.Grants)
        {
            Complete(grant, now, ended);
        }

        _stepTimes.Observe(finished.Shape, finished.Seconds);
        _recentStep = _recentStep == 0 ? finished.Seconds : (_recentStep * 15 / 16) + (finished.Seconds / 16);
        finished.Clear();
        var ends = Start(now);
        return Continue(now) ?? ends;
    }

    private double? Start(double now)
    {
        if (_executing.Grants.Count == 0)
        {
            return null;
        }

        _executing.Seconds = _shape.StepTimes.Seconds(_executing.Shape);
        BusySeconds += _executing.Seconds;
        return now + _executing.Seconds;
    }

    private void Plan(PlannedStep step)
    {
        var grants = _scheduler.PlanStep();
        for (var i = 0; i < grants.Count; i++)
        {
            step.Grants.Add(grants[i]);
            step.Shape = step.Shape.With(grants[i].Start, grants[i].Tokens);
        }
    }

    private void Complete(in Grant grant, double now, List<SimulatedRequest> ended)
    {
        if (!_active.TryGetValue(grant.Sequence.Id, out var request))
        {
            return;
        }

        var sequence = grant.Sequence;
        if (grant.DrawsToken)
        {
            sequence.Resolve(grant, PromptTokens.Drawn(request.Number));
        }

        if (sequence.Computed(grant))
        {
            _blocks.Commit(sequence.Blocks, sequence.Prefix, sequence.ComputedTokens);
        }

        if (!grant.DrawsToken)
        {
            return;
        }

        request.FirstTokenAt = request.Drawn == 0 ? now : request.FirstTokenAt;
        request.LastTokenAt = now;
        if (++request.Drawn == request.Trace.OutputTokens)
        {
            request.CachedTokens = sequence.CachedTokens;
            request.Sequence = null;
            _active.Remove(sequence.Id);
            _scheduler.Retire(sequence);
            ended.Add(request);
        }
    }

    /// <summary>A step that was planned.</summary>
    private sealed class PlannedStep
    {
        public List<Grant> Grants { get; } = [];

        public StepShape Shape { get; set; }

        public double Seconds { get; set; }

        public void Clear()
        {
            Grants.Clear();
            (Shape, Seconds) = (default, 0);
        }
    }
}
