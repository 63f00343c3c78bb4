using CsCheck;
using XLLM.Grains.Routing;

namespace XLLM.Grains.Tests.Routing;

public sealed class CacheProductTests
{
    private static readonly CacheProduct Policy = new();

    [Fact]
    public void TheCost_IsNewTokensTimesSequences()
    {
        var request = new SelectionRequest(default, PromptTokens: 320, BlockTokens: 16, Turn: 0, Draw: 0);
        ReplicaCandidate[] candidates = [Candidates.Create(0, 0, running: 1), Candidates.Create(1, 0, cachedBlocks: 10, running: 4), Candidates.Create(2, 0, cachedBlocks: 15, running: 4)];

        Assert.Equal([320 * 2, 160 * 5, 80 * 5], candidates.Select(candidate => CacheProduct.Cost(candidate, request)));
        Assert.Equal(2, Policy.Select(candidates, request).Index);
    }

    [Fact]
    public void RequestsSentSinceTheAnnouncement_Count()
    {
        var request = new SelectionRequest(default, PromptTokens: 100, BlockTokens: 16, Turn: 0, Draw: 0);

        Assert.Equal((100 + 50) * 3, CacheProduct.Cost(Candidates.Create(0, 0, routedTokens: 50) with { RoutedSequences = 2 }, request));
    }

    [Fact]
    public void AReplicaWithoutASlot_IsChosenOnlyAmongItsLike()
    {
        var request = new SelectionRequest(default, PromptTokens: 320, BlockTokens: 16, Turn: 0, Draw: 0);
        var full = Full(Candidates.Create(0, 0, cachedBlocks: 20, running: 60), routed: 4);
        var busy = Full(Candidates.Create(1, 5000, running: 60), routed: 3);
        var fuller = Full(Candidates.Create(2, 0, running: 64), routed: 0);

        Assert.Equal(1, Policy.Select([full, busy, fuller], request).Index);
        Assert.Equal(0, Policy.Select([full, fuller], request).Index);
        Assert.Equal(0, Policy.Select([full with { Load = full.Load with { MaxRunningSequences = 0 } }, busy], request).Index);

        static ReplicaCandidate Full(ReplicaCandidate candidate, int routed) => candidate with { Load = candidate.Load with { MaxRunningSequences = 64 }, RoutedSequences = routed };
    }

    [Fact]
    public void NoFactorOnEitherPart_ChangesTheChoice() =>
        Candidates.Any.Select(Candidates.AnyRequest, Gen.Int[2, 5]).Sample((candidates, request, factor) =>
        {
            // Twice the tokens everywhere: the same order, whatever the numbers of sequences are.
            var scaled = candidates.Select(candidate => candidate with
            {
                Load = candidate.Load with { PendingTokens = candidate.Load.PendingTokens * factor }, RoutedTokens = candidate.RoutedTokens * factor, CachedBlocks = 0,
            }).ToArray();
            var plain = candidates.Select(candidate => candidate with { CachedBlocks = 0 }).ToArray();

            Assert.Equal(Policy.Select(plain, request).Index, Policy.Select(scaled, request with { PromptTokens = request.PromptTokens * factor }).Index);
        });

    [Fact]
    public void NoneIsChosen_ThatCostsMoreThanAnother() =>
        Candidates.Any.Select(Candidates.AnyRequest).Sample((candidates, request) =>
        {
            var chosen = CacheProduct.Cost(candidates[Policy.Select(candidates, request).Index], request);
            Assert.Equal(candidates.Min(candidate => CacheProduct.Cost(candidate, request)), chosen);
        });
}
