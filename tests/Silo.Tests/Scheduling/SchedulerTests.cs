using XLLM.Silo.KvCache;
using XLLM.Silo.Scheduling;
using XLLM.Silo.Sequences;

namespace XLLM.Silo.Tests.Scheduling;

public sealed class SchedulerTests
{
    private long _lastId;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 16)];

    [Fact]
    public void PlanStep_CutsAPrompt_IntoGrantsOfTheBudget()
    {
        var (scheduler, blocks) = Create(blocks: 8, maxTokensPerStep: 16);
        var sequence = Add(scheduler, blocks, promptTokens: 40);

        Assert.Equal([16, 16, 8], Enumerable.Range(0, 3).Select(_ => Assert.Single(scheduler.PlanStep()).Tokens));
        Assert.Equal(Sequence.Placeholder, sequence.Tokens[40]);
        Assert.Equal(1, Assert.Single(scheduler.PlanStep()).Tokens);
    }

    [Fact]
    public void PlanStep_ServesRunningBeforeWaiting_AndLeavesEveryRunningSequenceAToken()
    {
        var (scheduler, blocks) = Create(blocks: 20, maxTokensPerStep: 16);
        var longPrompt = Add(scheduler, blocks, promptTokens: 100);
        var decoding = Add(scheduler, blocks, promptTokens: 10);
        Finish(scheduler.PlanStep());                                       // 16 of the long prompt
        var second = Finish(scheduler.PlanStep());
        Assert.Equal([(longPrompt, 16)], second);                           // the budget is used up before anyone is admitted

        while (longPrompt.PendingTokens > 1)
        {
            Finish(scheduler.PlanStep());
        }

        Finish(scheduler.PlanStep());
        var newest = Add(scheduler, blocks, promptTokens: 100);
        var grants = Finish(scheduler.PlanStep());

        Assert.Equal([(longPrompt, 1), (decoding, 1), (newest, 14)], grants);
    }

    [Fact]
    public void PlanStep_NeverStarvesADecodingSequence_BehindAnEarlierLongPrompt()
    {
        var (scheduler, blocks) = Create(blocks: 30, maxTokensPerStep: 16, order: new PriorityOrder());
        var decoding = Add(scheduler, blocks, promptTokens: 4, priority: 5);
        Finish(scheduler.PlanStep());
        var urgent = Add(scheduler, blocks, promptTokens: 100, priority: 1);
        Finish(scheduler.PlanStep());

        Assert.Equal([(urgent, 15), (decoding, 1)], Finish(scheduler.PlanStep()));
    }

    [Fact]
    public void PlanStep_PreemptsTheNewestSequence_AndAdmitsNobody_WhenBlocksRunOut()
    {
        var (scheduler, blocks) = Create(blocks: 4, maxTokensPerStep: 64);
        var oldest = Add(scheduler, blocks, promptTokens: 32);
        var newest = Add(scheduler, blocks, promptTokens: 32, firstToken: 500);
        Finish(scheduler.PlanStep(), blocks);
        var waiting = Add(scheduler, blocks, promptTokens: 1);

        var grants = Finish(scheduler.PlanStep(), blocks);                  // both need a third block

        Assert.Equal([(oldest, 1)], grants);
        Assert.Equal(33, newest.PendingTokens);                             // the new token too
        Assert.Equal((1, 1L, 2), (blocks.FreeBlocks, scheduler.Preemptions, scheduler.WaitingSequences));
        Assert.Equal(0, waiting.Blocks.HeldBlocks);
    }

    [Fact]
    public void PlanStep_AdmitsAPreemptedSequenceWithWhatTheCacheStillHas()
    {
        var (scheduler, blocks) = Create(blocks: 5, maxTokensPerStep: 128);
        var oldest = Add(scheduler, blocks, promptTokens: 32);
        var newest = Add(scheduler, blocks, promptTokens: 40, firstToken: 500);
        Finish(scheduler.PlanStep(), blocks);                               // 2 and 3 blocks
        Finish(scheduler.PlanStep(), blocks);                               // the oldest takes a third: the newest gives way
        Assert.Equal([oldest], scheduler.Running);
        scheduler.Retire(oldest);

        var (_, tokens) = Assert.Single(Finish(scheduler.PlanStep(), blocks));

        Assert.Equal(41 - 32, tokens);                                      // two full blocks were still cached
        Assert.Equal(0, newest.CachedTokens);                               // what users are told is the first admission
    }

    [Fact]
    public void PlanStep_AdmitsAnEqualPrompt_WithoutItsCachedPart_AndComputesTheLastToken()
    {
        var (scheduler, blocks) = Create(blocks: 10, maxTokensPerStep: 64);
        var first = Add(scheduler, blocks, promptTokens: 32);
        Finish(scheduler.PlanStep(), blocks);
        var second = Add(scheduler, blocks, promptTokens: 32);

        Assert.Equal([(first, 1), (second, 16)], Finish(scheduler.PlanStep(), blocks));
        Assert.Equal(16, second.CachedTokens);
    }

    [Theory]
    [InlineData("priority")]
    [InlineData("fcfs")]
    public void PlanStep_AdmitsWhatGoesOnAfterALoss_BeforeWhatIsNew(string order)
    {
        var (scheduler, blocks) = Create(blocks: 20, maxTokensPerStep: 64, maxRunning: 1, order: AdmissionOrders.Find(order)!);
        var first = Add(scheduler, blocks, promptTokens: 10);
        Finish(scheduler.PlanStep());
        var next = Add(scheduler, blocks, promptTokens: 10, firstToken: 100);
        var resumed = Add(scheduler, blocks, promptTokens: 10, firstToken: 200, generated: 5);
        scheduler.Retire(first);

        Assert.Equal([(resumed, 15)], Finish(scheduler.PlanStep()));
        scheduler.Retire(resumed);
        Assert.Equal([(next, 10)], Finish(scheduler.PlanStep()));
    }

    [Fact]
    public void PlanStep_GoesByPriorityThenArrival_AndPreemptsTheLeastUrgent()
    {
        var (scheduler, blocks) = Create(blocks: 4, maxTokensPerStep: 64, order: new PriorityOrder());
        var unimportant = Add(scheduler, blocks, promptTokens: 32, priority: 9);
        var urgent = Add(scheduler, blocks, promptTokens: 32, priority: 1, firstToken: 500);
        Assert.Equal([(urgent, 32), (unimportant, 32)], Finish(scheduler.PlanStep(), blocks));

        Assert.Equal([(urgent, 1)], Finish(scheduler.PlanStep(), blocks));
        Assert.Equal([urgent], scheduler.Running);
    }

    [Fact]
    public void PlanStep_RunsNoMoreSequencesThanAllowed()
    {
        var (scheduler, blocks) = Create(blocks: 10, maxTokensPerStep: 64, maxRunning: 2);
        for (var i = 0; i < 3; i++)
        {
            Add(scheduler, blocks, promptTokens: 4);
        }

        Assert.Equal(2, scheduler.PlanStep().Count);
        Assert.Equal(1, scheduler.WaitingSequences);
    }

    [Fact]
    public void PlanStep_GrantsNothing_WhileTheLastTokenOfAllIsBeingDrawn()
    {
        var (scheduler, blocks) = Create(blocks: 4, maxTokensPerStep: 64);
        Add(scheduler, blocks, promptTokens: 4, maxTokens: 5);
        scheduler.PlanStep();

        Assert.Empty(scheduler.PlanStep());
    }

    [Fact]
    public void PlanStep_DoesNotReadmitASequence_WhoseLastTokenTheStepInFlightDraws()
    {
        var (scheduler, blocks) = Create(blocks: 2, maxTokensPerStep: 64);
        var oldest = Add(scheduler, blocks, promptTokens: 15, maxTokens: 32);
        var newest = Add(scheduler, blocks, promptTokens: 15, maxTokens: 16, firstToken: 500);
        var inFlight = scheduler.PlanStep().ToArray();                      // draws the newest's only token
        scheduler.PlanStep();                                               // not finished yet: token 16 of the oldest
        scheduler.PlanStep();                                               // token 17 needs the newest's block
        Assert.Equal(1, scheduler.Preemptions);
        scheduler.Retire(oldest);

        Assert.Empty(scheduler.PlanStep());
        newest.Resolve(inFlight[1], 7);
        Assert.Equal(1, newest.GeneratedTokens);
        scheduler.Retire(newest);
        Assert.Equal(0, scheduler.PendingTokens);
    }

    [Fact]
    public void TryAdd_RefusesWhatCouldNeverRun()
    {
        var (scheduler, blocks) = Create(blocks: 2, maxTokensPerStep: 64);

        Assert.True(scheduler.TryAdd(TestSequences.Create(1, 4, maxTokens: 32, blocks: blocks)));
        Assert.False(scheduler.TryAdd(TestSequences.Create(2, 4, maxTokens: 33, blocks: blocks)));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void AnyHistory_LosesNoBlock_AlwaysGetsOn_AndStaysInItsBudget(int seed)
    {
        const int Budget = 48;
        var random = new Random(seed);
        var (scheduler, blocks) = Create(
            blocks: random.Next(8, 24), maxTokensPerStep: Budget, maxRunning: 8, order: seed % 2 == 0 ? new PriorityOrder() : new FirstComeFirstServed());
        var live = new List<Sequence>();
        var inFlight = new Queue<Grant[]>();
        var depth = 1 + (seed / 2 % 2);

        for (var step = 0; step < 1500; step++)
        {
            if (random.Next(3) == 0 && live.Count < 12)
            {
                live.Add(Add(scheduler, blocks, random.Next(1, 100), random.Next(101, 128), random.Next(3), random.Next(2) * 1000));
            }

            if (random.Next(10) == 0 && live.Count > 0)
            {
                Retire(live[random.Next(live.Count)]);                      // aborted, running or waiting, perhaps with a step in flight
            }

            var first = scheduler.Running.Count > 0 ? scheduler.Running[0] : null;
            var grants = scheduler.PlanStep().ToArray();
            Assert.True(live.Count == 0 || grants.Length > 0 || inFlight.Count > 0, $"step {step}: {live.Count} sequences, none granted, none in flight");
            Assert.InRange(grants.Sum(grant => grant.Tokens), 0, Budget);
            Assert.True(first is null || scheduler.Running[0] == first || scheduler.Running.Contains(first), "the first in order was preempted");
            Assert.Distinct(grants.Select(grant => grant.Sequence.Id));
            Assert.InRange(scheduler.Running.Count, 0, 8);
            if (grants.Length > 0)
            {
                inFlight.Enqueue(grants);
            }

            if (inFlight.Count >= depth || (grants.Length == 0 && inFlight.Count > 0))
            {
                Complete(inFlight.Dequeue());
            }

            blocks.CheckIntegrity(live.Select(sequence => sequence.Blocks));
            Assert.Equal(live.Count, scheduler.Running.Count + scheduler.WaitingSequences);
            Assert.Equal(live.Sum(sequence => sequence.TokenCount - Known(scheduler, sequence)), scheduler.PendingTokens);
            Assert.Equal(live.Sum(sequence => Enumerable.Range(Known(scheduler, sequence), sequence.TokenCount - Known(scheduler, sequence)).Sum(position => position + 1L)), scheduler.PendingAttention);
        }

        while (live.Count > 0)
        {
            Retire(live[0]);
        }

        Assert.Equal(blocks.TotalBlocks, blocks.FreeBlocks);

        void Complete(Grant[] grants)
        {
            foreach (var grant in grants.Where(grant => live.Contains(grant.Sequence)))
            {
                var sequence = grant.Sequence;
                if (grant.DrawsToken)
                {
                    sequence.Resolve(grant, random.Next(3));
                }

                if (sequence.Computed(grant))
                {
                    blocks.Commit(sequence.Blocks, sequence.Prefix, sequence.ComputedTokens);
                }

                if (grant.DrawsToken && (random.Next(30) == 0 || sequence.PromptTokens + sequence.GeneratedTokens >= sequence.MaxTokens))
                {
                    Retire(sequence);
                }
            }
        }

        void Retire(Sequence sequence)
        {
            scheduler.Retire(sequence);
            live.Remove(sequence);
        }
    }

    /// <summary>Leading tokens that need no computing, as far as is known of a sequence that waits.</summary>
    private static int Known(Scheduler scheduler, Sequence sequence) => scheduler.Running.Contains(sequence) ? sequence.ComputedTokens : sequence.ExpectedCachedTokens;

    private static (Scheduler Scheduler, KvBlockManager Blocks) Create(int blocks, int maxTokensPerStep, int maxRunning = 16, IAdmissionOrder? order = null)
    {
        var manager = new KvBlockManager([new FullAttentionRule()], blocks, TestSequences.BlockTokens);
        return (new Scheduler(manager, order ?? new FirstComeFirstServed(), new SchedulerOptions(maxTokensPerStep, maxRunning)), manager);
    }

    private Sequence Add(Scheduler scheduler, KvBlockManager blocks, int promptTokens, int maxTokens = 0, int priority = 0, int firstToken = 0, int generated = 0)
    {
        var most = maxTokens > 0 ? maxTokens : blocks.TotalBlocks * blocks.BlockTokens;
        var sequence = TestSequences.Create(++_lastId, promptTokens, Math.Min(most, blocks.TotalBlocks * blocks.BlockTokens), priority, blocks, firstToken, generated: generated);
        Assert.True(scheduler.TryAdd(sequence));
        return sequence;
    }

    /// <summary>A step is executed: what it draws is token 7.</summary>
    private static (Sequence Sequence, int Tokens)[] Finish(IReadOnlyList<Grant> grants, KvBlockManager? blocks = null)
    {
        foreach (var grant in grants)
        {
            if (grant.DrawsToken)
            {
                grant.Sequence.Resolve(grant, 7);
            }

            grant.Sequence.Computed(grant);
            blocks?.Commit(grant.Sequence.Blocks, grant.Sequence.Prefix, grant.Sequence.ComputedTokens);
        }

        return [.. grants.Select(grant => (grant.Sequence, grant.Tokens))];
    }
}
