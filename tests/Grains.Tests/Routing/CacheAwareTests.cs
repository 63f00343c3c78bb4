using CsCheck;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Routing;

namespace XLLM.Grains.Tests.Routing;

public sealed class CacheAwareTests
{
    private static readonly CacheAware Policy = new();

    [Fact]
    public void TheCost_IsWeightTimesBlocksToPrefill_PlusBlocksThatDecode()
    {
        // The example of Dynamo's design note, in blocks: 10 to prefill and 8 that decode, 4 and 5, 7 and 4, at weight 1.
        var request = Request(promptBlocks: 2, weight: 1);
        ReplicaCandidate[] candidates = [Create(0, pendingBlocks: 8, usedBlocks: 6), Create(1, pendingBlocks: 4, cached: 2, usedBlocks: 3), Create(2, pendingBlocks: 6, cached: 1, usedBlocks: 2)];

        Assert.Equal([18, 9, 11], candidates.Select(candidate => Math.Floor(CacheAware.Cost(candidate, request))));
        Assert.Equal((1, "longest prefix"), (Policy.Select(candidates, request).Index, Policy.Select(candidates, request).Reason));
    }

    [Fact]
    public void AHeavierPrefill_FollowsTheCache_ALighterOneSpreadsDecoding()
    {
        ReplicaCandidate[] candidates = [Create(0, pendingBlocks: 0, cached: 20, usedBlocks: 60), Create(1, pendingBlocks: 0, usedBlocks: 10)];

        Assert.Equal(0, Policy.Select(candidates, Request(promptBlocks: 40, weight: 4)).Index);
        Assert.Equal(1, Policy.Select(candidates, Request(promptBlocks: 40, weight: 1)).Index);
        Assert.Equal("prefix elsewhere", Policy.Select(candidates, Request(promptBlocks: 40, weight: 1)).Reason);
    }

    [Fact]
    public void BlocksInHostMemory_CountInPart()
    {
        var request = Request(promptBlocks: 100, weight: 1);
        var held = Create(0, pendingBlocks: 0, cached: 10) with { LoadableBlocks = 60 };

        Assert.Equal((long)((10 + (0.85 * 50)) * 16), ReplicaCost.HeldTokens(held, request));
        Assert.Equal("longest prefix", Policy.Select([held, Create(1, pendingBlocks: 0, cached: 30)], request).Reason);
    }

    [Fact]
    public void AtTemperatureZero_NoneIsChosenThatCostsMoreThanAnother() =>
        Candidates.Any.Select(Candidates.AnyRequest).Sample((candidates, request) =>
        {
            var chosen = CacheAware.Cost(candidates[Policy.Select(candidates, request).Index], request);
            Assert.Equal(candidates.Min(candidate => CacheAware.Cost(candidate, request)), chosen);
        });

    [Fact]
    public void AReplicaThatHoldsMore_IsNeverChosenLess() =>
        Candidates.Any.Select(Candidates.AnyRequest).Sample((candidates, request) =>
        {
            var chosen = Policy.Select(candidates, request).Index;
            candidates[chosen] = candidates[chosen] with { CachedBlocks = candidates[chosen].CachedBlocks + 5 };
            Assert.Equal(chosen, Policy.Select(candidates, request).Index);
        });

    [Theory]
    [InlineData(0.25)]
    [InlineData(1)]
    public void AtATemperature_TheDrawFollowsTheSoftmax(double temperature)
    {
        double[] costs = [10, 11, 14, 20];
        var random = new Random(3);

        var counts = Enumerable.Range(0, 40_000)
            .CountBy(_ => LowestCost.Draw([.. costs], temperature, (ulong)random.NextInt64(long.MinValue, long.MaxValue))).ToDictionary();

        var weights = costs.Select(cost => Math.Exp((10 - cost) / (temperature * 10))).ToArray();
        for (var i = 0; i < costs.Length; i++)
        {
            var expected = 40_000 * weights[i] / weights.Sum();
            Assert.InRange(counts.GetValueOrDefault(i), expected - (5 * Math.Sqrt(expected)) - 1, expected + (5 * Math.Sqrt(expected)) + 1);
        }
    }

    [Fact]
    public void TheDraw_IsAlwaysACandidate_AndEvenAmongEqualOnes()
    {
        Gen.Double[0, 1e12].Array[1, 20].Select(Gen.ULong, Gen.Double[1e-6, 10]).Sample((costs, draw, temperature) =>
            Assert.InRange(LowestCost.Draw(costs.AsSpan(), temperature, draw), 0, costs.Length - 1));
        Assert.Equal(0, LowestCost.Draw([5, 5, 5, 5], 1, 0));
        Assert.Equal(3, LowestCost.Draw([5, 5, 5, 5], 1, ulong.MaxValue));
        Assert.Equal(2, LowestCost.Draw([5, 5, 5, 5], 1, ulong.MaxValue / 2 + 1));
    }

    private static ReplicaCandidate Create(int number, int pendingBlocks, int cached = 0, int usedBlocks = 0) =>
        Candidates.Create(number, pendingBlocks * 16, cachedBlocks: cached, usedBlocks: usedBlocks);

    private static SelectionRequest Request(int promptBlocks, double weight) =>
        new(default, promptBlocks * 16, 16, 0, 0) { Options = new RoutingOptions { PrefillWeight = weight } };
}
