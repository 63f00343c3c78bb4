using CsCheck;
using Microsoft.Extensions.DependencyInjection;
using XLLM.Grains.Hosting;
using XLLM.Grains.Routing;

namespace XLLM.Grains.Tests.Routing;

public sealed class ReplicaSelectorTests
{
    private static readonly IReplicaSelector[] All =
        [new CacheAware(), new CacheProduct(), new FirstToken(), new LeastTokens(), new PowerOfTwoChoices(), new RoundRobin()];

    [Fact]
    public void EverySelector_ChoosesOneOfTheCandidates_AndTheSameOneAgain() =>
        Candidates.Any.Select(Candidates.AnyRequest).Sample((candidates, request) =>
        {
            foreach (var selector in All)
            {
                var selection = selector.Select(candidates, request);
                Assert.InRange(selection.Index, 0, candidates.Length - 1);
                Assert.Equal(selection, selector.Select(candidates, request));
            }
        });

    [Fact]
    public void EverySelector_IsRegistered()
    {
        var services = new ServiceCollection();
        services.AddReplicaSelectors();
        using var provider = services.BuildServiceProvider();

        Assert.Equal(All.Select(selector => selector.Name).Order(), provider.GetServices<IReplicaSelector>().Select(selector => selector.Name).Order());
    }

    [Fact]
    public void EverySelectorButRoundRobin_FollowsTheLoad_WhenNobodyHoldsThePrefix() =>
        Gen.Select(Gen.Int[1, 100_000], Gen.Int[0, 1], Candidates.AnyRequest).Sample((busy, idle, request) =>
        {
            ReplicaCandidate[] candidates = [Busy(0), Busy(1)];
            candidates[idle] = Candidates.Create(idle, 0, model: Candidates.Model);

            foreach (var selector in All.Where(selector => selector is not RoundRobin))
            {
                Assert.Equal((selector.Name, idle), (selector.Name, selector.Select(candidates, request).Index));
            }

            ReplicaCandidate Busy(int number) => Candidates.Create(number, busy, model: Candidates.Model, running: 1, usedBlocks: 1);
        });

    [Fact]
    public void LeastTokens_ChoosesNoneThatIsWorseThanAnother() =>
        Candidates.Any.Select(Candidates.AnyRequest).Sample((candidates, request) =>
        {
            var chosen = ReplicaCost.PendingTokens(candidates[new LeastTokens().Select(candidates, request).Index], request);
            Assert.Equal(candidates.Min(candidate => ReplicaCost.PendingTokens(candidate, request)), chosen);
        });

    [Fact]
    public void LeastTokens_PrefersTheCachedPrefix_UntilItsReplicaIsBusierThanThePrefixIsLong()
    {
        var request = new SelectionRequest(default, PromptTokens: 320, BlockTokens: 16, Turn: 0, Draw: 0);

        Assert.Equal(1, new LeastTokens().Select([Candidates.Create(0, 0), Candidates.Create(1, 100, cachedBlocks: 10)], request).Index);
        Assert.Equal(0, new LeastTokens().Select([Candidates.Create(0, 0), Candidates.Create(1, 200, cachedBlocks: 10)], request).Index);
    }

    [Fact]
    public void LeastTokens_TakesTurns_AmongEqualOnes()
    {
        ReplicaCandidate[] equal = [Candidates.Create(0, 5), Candidates.Create(1, 5), Candidates.Create(2, 5)];

        Assert.Equal([0, 1, 2, 0], Enumerable.Range(0, 4).Select(turn => new LeastTokens().Select(equal, Request(turn)).Index));
    }

    [Fact]
    public void RoundRobin_IsEven()
    {
        var candidates = Enumerable.Range(0, 7).Select(i => Candidates.Create(i, i * 100)).ToArray();

        var counts = Enumerable.Range(0, 700).CountBy(turn => new RoundRobin().Select(candidates, Request(turn)).Index);

        Assert.All(counts, count => Assert.Equal(100, count.Value));
    }

    [Fact]
    public void PowerOfTwoChoices_NeverTakesTheWorst_AndReachesAllOthers()
    {
        var candidates = Enumerable.Range(0, 5).Select(i => Candidates.Create(i, i * 100)).ToArray();
        var random = new Random(1);

        var counts = Enumerable.Range(0, 4000)
            .CountBy(_ => new PowerOfTwoChoices().Select(candidates, new SelectionRequest(default, 10, 16, 0, (ulong)random.NextInt64(long.MinValue, long.MaxValue))).Index)
            .ToDictionary();

        // The i-th best wins against the 4 - i worse ones: 4, 3, 2, 1, 0 of the 10 pairs.
        Assert.Equal([0, 1, 2, 3], counts.Keys.Order());
        Assert.All(counts, count => Assert.InRange(count.Value, (4 - count.Key) * 400 * 0.8, (4 - count.Key) * 400 * 1.2));
    }

    private static SelectionRequest Request(long turn) => new(default, 10, 16, turn, 0);
}
