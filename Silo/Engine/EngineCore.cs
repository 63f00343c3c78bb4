using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Silo.Diagnostics;
using XLLM.Silo.Execution;
using XLLM.Silo.KvCache;
using XLLM.Silo.Scheduling;
using XLLM.Silo.Sequences;
using XLLM.Silo.Transfer;

namespace XLLM.Silo.Engine;

/// <summary>What an engine does between two steps: takes requests, plans a step, takes in what a step has drawn. Has no thread; one at a time calls it.</summary>
/// <remarks>
/// A step may be planned while earlier ones execute. What a step has drawn for a generation that ended meanwhile is dropped here; its KV blocks were
/// given back when it ended, which is safe because steps execute in order (see <see cref="KvBlockManager"/>).
/// </remarks>
/// <param name="inbox">Where requests come from.</param>
/// <param name="scheduler">Plans.</param>
/// <param name="blocks">The scheduler's KV blocks.</param>
/// <param name="metrics">Told of steps and tokens.</param>
/// <param name="clock">Dates tokens.</param>
/// <param name="tiers">Slower memory for KV blocks; null: none.</param>
/// <param name="feed">Tells which prefixes are here; null: nobody asks.</param>
internal sealed class EngineCore(
    GenerationInbox inbox, Scheduler scheduler, KvBlockManager blocks, EngineMetrics metrics, TimeProvider clock, KvTiers? tiers = null, KvChangeFeed? feed = null)
{
    /// <summary>Weight of the newest step in the moving average of step times: about the last 16 steps count.</summary>
    private const double NewestWeight = 1.0 / 16;

    private readonly Dictionary<SequenceId, ActiveGeneration> _active = [];
    private readonly BatchBuilder _batches = new(blocks.BlockTokens);
    private readonly Stack<StepPlan> _plans = [];
    private readonly StepTimePredictor _stepTimes = new();
    private readonly Lock _gaugesGate = new();
    private EngineGauges _gauges = new() { FreeBlocks = blocks.FreeBlocks, TotalBlocks = blocks.TotalBlocks };
    private TimeSpan _stepTime;

    /// <summary>Generations that have not ended.</summary>
    public int ActiveGenerations => _active.Count;

    /// <summary>The engine's counts after the last step or request. Thread-safe.</summary>
    public EngineGauges Gauges
    {
        get
        {
            lock (_gaugesGate)
            {
                return _gauges;
            }
        }
    }

    /// <summary>Takes in new and aborted generations.</summary>
    public void TakeInbox()
    {
        var (added, aborted) = inbox.Take();
        foreach (var generation in added)
        {
            Add(generation);
        }

        foreach (var generation in aborted)
        {
            End(generation, EndReason.Cancelled, null);
        }

        if (inbox.Abandons)
        {
            EndAll(EndReason.Unavailable, "the replica stopped before the answer was complete");
        }

        if (added.Count + aborted.Count > 0)
        {
            PublishGauges();
        }
    }

    /// <summary>Plans a step, or returns null if nothing can be computed now. The plan comes back through <see cref="Complete"/>.</summary>
    public StepPlan? PlanStep()
    {
        feed?.Poll(blocks);
        var grants = scheduler.PlanStep();
        if (grants.Count == 0)
        {
            return tiers is { HasCopies: true } ? PlanCopies() : null;
        }

        for (var i = 0; i < grants.Count; i++)
        {
            NoteAdmission(_active[grants[i].Sequence.Id]);
        }

        var plan = TakePlan();
        _batches.Fill(plan, grants);
        tiers?.Copies.Fill(plan.CopiesOut, plan.CopiesIn, isIdle: false);
        return plan;
    }

    /// <summary>Takes in what a step has drawn. Steps come back in the order in which they were planned.</summary>
    public void Complete(StepPlan plan)
    {
        tiers?.Copied(plan.CopiesOut, plan.CopiesIn, plan.HasCopied);
        if (plan.Grants.Count == 0)
        {
            _plans.Push(plan);
            return;
        }

        var now = clock.GetTimestamp();
        var drawn = 0;
        var shape = default(StepShape);
        for (var i = 0; i < plan.Grants.Count; i++)
        {
            var grant = plan.Grants[i];
            shape = shape.With(grant.Start, grant.Tokens);
            var index = grant.DrawsToken ? drawn++ : -1;
            if (_active.TryGetValue(grant.Sequence.Id, out var generation))
            {
                Complete(plan, grant, index, generation, now);
            }
        }

        _stepTime = _stepTime == TimeSpan.Zero ? plan.Elapsed : (_stepTime * (1 - NewestWeight)) + (plan.Elapsed * NewestWeight);
        metrics.StepFinished(plan.Elapsed, plan.TokenIds.Count);
        if (plan.Failure is null)
        {
            _stepTimes.Observe(shape, plan.Elapsed.TotalSeconds);
        }

        tiers?.Costs.NoteStep(plan.TokenIds.Count, Attended(plan), plan.Elapsed - plan.CopyTime);
        _plans.Push(plan);
        PublishGauges();
    }

    /// <summary>Ends all generations.</summary>
    public void EndAll(EndReason reason, string message)
    {
        foreach (var generation in _active.Values.ToArray())
        {
            End(generation, reason, message);
        }
    }

    /// <summary>A step of copies alone; null if there is nothing to copy, or no host memory to copy to.</summary>
    private StepPlan? PlanCopies()
    {
        var plan = TakePlan();
        plan.Clear();
        tiers!.Copies.Fill(plan.CopiesOut, plan.CopiesIn, isIdle: true);
        if (plan.CopiesOut.Count + plan.CopiesIn.Count > 0)
        {
            return plan;
        }

        _plans.Push(plan);
        return null;
    }

    private StepPlan TakePlan() => _plans.Count > 0 ? _plans.Pop() : new StepPlan(blocks.Groups);

    /// <summary>Positions that the rows of a step attended to, summed.</summary>
    private static long Attended(StepPlan plan)
    {
        var attended = 0L;
        for (var i = 0; i < plan.Grants.Count; i++)
        {
            attended += (long)plan.Grants[i].Tokens * (plan.Grants[i].Start + plan.Grants[i].End + 1) / 2;
        }

        return attended;
    }

    private void Add(ActiveGeneration generation)
    {
        _active.Add(generation.Sequence.Id, generation);
        if (!scheduler.TryAdd(generation.Sequence))
        {
            End(generation, EndReason.TooLong, $"{generation.Sequence.MostKept} tokens do not fit the KV cache of {blocks.TotalBlocks} blocks of {blocks.BlockTokens} tokens");
        }
    }

    private void NoteAdmission(ActiveGeneration generation)
    {
        if (!generation.WasAdmitted)
        {
            generation.WasAdmitted = true;
            inbox.LeaveQueue();
            metrics.Admitted(clock.GetElapsedTime(generation.Arrived));
        }
    }

    private void Complete(StepPlan plan, in Grant grant, int index, ActiveGeneration generation, long now)
    {
        if (plan.Failure is { } failure)
        {
            End(generation, EndReason.Failed, failure);
            return;
        }

        if (grant.Sequence.Pictures?.Fault is { } unseen)
        {
            End(generation, EndReason.Failed, unseen);
            return;
        }

        if (index >= 0 && plan.Drawn[index].Fault is { } fault)
        {
            End(generation, EndReason.Failed, fault);
            return;
        }

        var sequence = grant.Sequence;
        if (index >= 0 && sequence.Pooler is null)
        {
            sequence.Resolve(grant, plan.Drawn[index].Token);
        }

        if (sequence.Computed(grant))
        {
            blocks.Commit(sequence.Blocks, sequence.Prefix, sequence.ComputedTokens);
        }

        if (index >= 0 && sequence.Pooler is { } pooler)
        {
            metrics.Pooled(sequence.PromptTokens);
            End(generation, generation.Pooled(pooler.Result));
        }
        else if (index >= 0)
        {
            NoteToken(generation, now);
            if (generation.Accept(plan.Drawn[index], plan.TopTokens(index), plan.TopLogprobs(index)) is { } ended)
            {
                End(generation, ended);
            }
        }
    }

    private void NoteToken(ActiveGeneration generation, long now)
    {
        if (generation.FirstTokenAt is null)
        {
            generation.FirstTokenAt = now;
            metrics.FirstToken(clock.GetElapsedTime(generation.Arrived, now), generation.Sequence.PromptTokens);
        }
        else
        {
            metrics.NextToken(clock.GetElapsedTime(generation.LastTokenAt, now));
        }

        generation.LastTokenAt = now;
    }

    private void End(ActiveGeneration generation, EndReason reason, string? message)
    {
        if (_active.ContainsKey(generation.Sequence.Id))     // an abort may come after the end
        {
            End(generation, generation.Ended(reason, message));
        }
    }

    private void End(ActiveGeneration generation, GenerationEnded ended)
    {
        _active.Remove(generation.Sequence.Id);
        scheduler.Retire(generation.Sequence);
        if (!generation.WasAdmitted)
        {
            inbox.LeaveQueue();
        }

        if (_active.Count == 0 && blocks.UsedBlocks != 0)
        {
            throw new InvalidOperationException($"no generation is left, but {blocks.UsedBlocks} of {blocks.TotalBlocks} KV blocks are in use");
        }

        RecordEnd(generation, ended.Reason);
        generation.Reader.End(ended);
    }

    private void RecordEnd(ActiveGeneration generation, EndReason reason)
    {
        var later = generation.Sequence.GeneratedTokens - 1;
        TimeSpan? timePerToken = later > 0 && generation.FirstTokenAt is { } first ? clock.GetElapsedTime(first, generation.LastTokenAt) / later : null;
        metrics.Ended(Name(reason), clock.GetElapsedTime(generation.Arrived), timePerToken);
    }

    private static string Name(EndReason reason) => reason switch
    {
        EndReason.Stop => "stop",
        EndReason.Length => "length",
        EndReason.Cancelled => "cancelled",
        EndReason.Overloaded => "overloaded",
        EndReason.TooLong => "too_long",
        EndReason.Unavailable => "unavailable",
        EndReason.Failed => "failed",
        _ => "other",
    };

    private void PublishGauges()
    {
        var gauges = new EngineGauges(
            scheduler.Running.Count,
            scheduler.WaitingSequences,
            scheduler.PendingTokens,
            blocks.FreeBlocks,
            blocks.CachedBlocks,
            blocks.TotalBlocks,
            blocks.QueriedTokens,
            blocks.HitTokens,
            blocks.Evictions,
            scheduler.Preemptions,
            _stepTime,
            scheduler.PendingAttention,
            _stepTimes.Model);
        lock (_gaugesGate)
        {
            _gauges = gauges;
        }
    }
}
