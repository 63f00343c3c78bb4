using CsCheck;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Routing;

namespace XLLM.Grains.Tests.Routing;

public sealed class FirstTokenTests
{
    private static readonly FirstToken Policy = new();
    private static readonly StepTimeModel Model = new(0.01, 1e-3, 0, 0, 0);     // 10 ms a step, 1 ms a row

    [Fact]
    public void ThePrediction_IsTheQueueThatIsLeft_WhatWasSentSince_AndTheOwnPrefill()
    {
        // 1,024 announced rows are two steps: 1.044 s, of which 1 s has passed; 512 sent are 0.522 s; 256 of 512 own rows are 0.256 s in one step.
        var candidate = Create(0, pending: 1024, routed: 512, cached: 16) with { Age = 1 };

        var selection = Policy.Select([candidate], Request(prompt: 512));

        Assert.Equal(0.044 + 0.522 + 0.266, selection.FirstTokenSeconds!.Value, precision: 9);
    }

    [Fact]
    public void TheAgeOfAnAnnouncement_IsNeverMoreThanItsQueue()
    {
        var fresh = Policy.Select([Create(0, pending: 0)], Request(prompt: 512));
        var old = Policy.Select([Create(0, pending: 100) with { Age = 60 }], Request(prompt: 512));

        Assert.Equal(fresh.FirstTokenSeconds, old.FirstTokenSeconds);
    }

    [Fact]
    public void AReplicaThatWouldDecodeTooSlowly_StandsBehindThoseThatKeepBothObjectives()
    {
        var options = new RoutingOptions { NextTokenObjective = TimeSpan.FromMilliseconds(50) };
        var slow = Create(0, pending: 0, running: 60);              // 10 + 61 ms between tokens
        var queued = Create(1, pending: 4000);

        Assert.Equal(1, Policy.Select([slow, queued], Request(prompt: 100) with { Options = options }).Index);
        Assert.Equal(0, Policy.Select([slow, queued], Request(prompt: 100)).Index);         // 100 ms by default
        Assert.Equal(0, Policy.Select([slow, Create(1, pending: 4000, running: 60)], Request(prompt: 100) with { Options = options }).Index);
        Assert.Equal(0, Policy.Select([slow, Create(1, pending: 6000)], Request(prompt: 100) with { Options = options }).Index);    // its first token would be late
    }

    [Fact]
    public void AMuchLongerPrefixElsewhere_IsCopied_WhenThatIsFaster()
    {
        var copying = new RoutingOptions { CopyTokensPerSecond = 10_000, CopyThreshold = 2 };
        ReplicaCandidate[] candidates = [Create(0, pending: 0, cached: 4), Create(1, pending: 5000, cached: 60)];

        var copied = Policy.Select(candidates, Request(prompt: 1000) with { Options = copying });
        Assert.Equal((0, 1, "prefix copied"), (copied.Index, copied.CopyFrom, copied.Reason));

        var computed = Policy.Select(candidates, Request(prompt: 1000));
        Assert.Equal((0, null, "shorter prefix"), (computed.Index, computed.CopyFrom, computed.Reason));
        Assert.True(copied.FirstTokenSeconds < computed.FirstTokenSeconds);

        // 40 to 60 blocks is less than twice as much; and a network of 500 tokens/s is slower than computing 1,000.
        Assert.Null(Policy.Select([Create(0, pending: 0, cached: 40), candidates[1]], Request(prompt: 1000) with { Options = copying }).CopyFrom);
        Assert.Null(Policy.Select([candidates[0], candidates[1] with { Lends = false }], Request(prompt: 1000) with { Options = copying }).CopyFrom);
        copying.CopyTokensPerSecond = 500;
        Assert.Null(Policy.Select(candidates, Request(prompt: 1000) with { Options = copying }).CopyFrom);
    }

    [Fact]
    public void WithoutMeasuredSteps_ItPredictsNothing_AndFewerTokensComeFirst()
    {
        var selection = Policy.Select([Candidates.Create(0, 500), Candidates.Create(1, 300), Candidates.Create(2, 600, cachedBlocks: 30)], Request(prompt: 500));

        Assert.Equal((2, null), (selection.Index, selection.FirstTokenSeconds));
    }

    [Fact]
    public void NoneIsChosen_WhosePredictionIsLaterThanAnothers_AmongThoseThatKeepUp() =>
        Candidates.Any.Select(Candidates.AnyRequest).Sample((candidates, request) =>
        {
            var measured = candidates.Select(candidate => candidate with { Load = candidate.Load with { StepTimes = Candidates.Model } }).ToArray();
            var best = Policy.Select(measured, request).FirstTokenSeconds!.Value;
            var all = measured.All(other => FirstTokenPrediction.NextToken(Candidates.Model, other, request) <= 0.1);
            foreach (var other in measured.Where(other => all || FirstTokenPrediction.NextToken(Candidates.Model, other, request) <= 0.1))
            {
                Assert.True(best <= FirstTokenPrediction.FirstToken(Candidates.Model, other, request, ReplicaCost.HeldTokens(other, request)) + 1e-12);
            }
        });

    private static ReplicaCandidate Create(int number, int pending, int routed = 0, int cached = 0, int running = 0) =>
        Candidates.Create(number, pending, routed, cached, running, model: Model) with { Lends = true };

    private static SelectionRequest Request(int prompt) => new(default, prompt, 16, 0, 0);
}
