using XLLM.Grains.Interfaces.Generation;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Engine;
using XLLM.Silo.Models;
using XLLM.Silo.Tests.Models;
using XLLM.Silo.Tests.Transfer;
using XLLM.Silo.Transfer;

namespace XLLM.Silo.Tests.Engine;

/// <summary>Tokens, texts and log probabilities with tiers are those without, bit for bit, whatever moved up and down: exact forms, any policy, after a restart, with damaged storage.</summary>
public sealed class TierEqualityTests : IDisposable
{
    /// <summary>Blocks of 4 tokens for prompts of up to 60 and answers of up to 40: two or three sequences, and next to no cache.</summary>
    private const int TightPool = 40;

    private readonly IBackend _backend = Backends.Open("reference");
    private readonly LoadedModel _model;

    public TierEqualityTests() => _model = EngineSetup.LoadTiny(_backend);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 12)];

    public void Dispose() => _backend.Dispose();

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task AnyRequests_GetTheSameAnswers_WhileBlocksMoveUpAndDown(int seed)
    {
        var random = new Random(seed);
        var store = new MemoryStore(mostBytes: random.Next(2) == 0 ? 60_000 : 1 << 30);
        var expected = new List<string>();
        var requests = Enumerable.Range(0, 24).Select(i => RandomRequests.Valid(RandomRequests.Next(random, i))).ToArray();
        using (var wide = new EngineSetup(_model, _backend, PieceTokenizer.ForTinyModel(), EngineSetup.WideOptions(), blocks: 2000))
        {
            expected.AddRange(requests.Select(request => new SteppedEngine(wide, depth: 1).Run(request)[0].Summary));
        }

        var options = Options(random);
        for (var life = 0; life < 2; life++)
        {
            using var setup = Tight(options, random.Next(2) == 0 ? null : store, random);
            var engine = new SteppedEngine(setup, depth: 1 + (seed % 2));
            foreach (var batch in requests.Chunk(6))
            {
                var answers = engine.Run(batch);
                Assert.Equal(batch.Select(request => expected[Array.IndexOf(requests, request)]), answers.Select(answer => answer.Summary));
                setup.Blocks.CheckIntegrity([]);
            }

            await CheckBooksAsync(setup);
        }
    }

    [Theory]
    [InlineData(nameof(KvForm.Exact))]
    [InlineData(nameof(KvForm.Zstd))]
    [InlineData(nameof(KvForm.Int8))]
    public async Task APromptThatWasEvicted_ComesBackFromTheHost(string formName)
    {
        var form = Enum.Parse<KvForm>(formName);
        using var setup = Tight(new KvTierOptions { HostBytes = 1 << 20, Form = form }, null);
        var engine = new SteppedEngine(setup, depth: 2);
        var first = engine.Run(Prompt(0))[0];
        engine.Run(Prompt(1), Prompt(2), Prompt(3));
        Assert.Equal(0, setup.Blocks.FindPrefix(Chain(setup, Prompt(0)), 47));
        var again = engine.Run(Prompt(0))[0];

        Assert.Equal(44, again.End!.Usage.CachedTokens);        // 48 tokens: the last block has the last one, which is computed
        if (form != KvForm.Int8)
        {
            Assert.Equal(first.Tokens, again.Tokens);
            Assert.Equal(first.Logprobs.Select(logprob => logprob.Logprob), again.Logprobs.Select(logprob => logprob.Logprob));
        }

        var host = (await setup.Tiers!.GetSnapshotAsync()).Tiers.Single(tier => tier.Name == "host");
        Assert.True(host.Promotions >= 11, $"{host.Promotions} blocks were promoted");      // more where one of the others was preempted and came back
        Assert.Equal(0, host.Damaged);
        Assert.True(host.Demotions >= 11);
        await CheckBooksAsync(setup);
    }

    [Theory]
    [InlineData(nameof(KvWritePolicy.WriteThrough))]
    [InlineData(nameof(KvWritePolicy.WriteBack))]
    [InlineData(nameof(KvWritePolicy.Selective))]
    public async Task AfterARestart_APromptComesFromStorage_ByThePolicy(string policyName)
    {
        var policy = Enum.Parse<KvWritePolicy>(policyName);
        var store = new MemoryStore();
        var options = new KvTierOptions { HostBytes = policy == KvWritePolicy.WriteBack ? 20_000 : 1 << 20, WritePolicy = policy, LeastRemoteTokens = 8 };
        Answer first;
        using (var setup = Tight(options, store))
        {
            var engine = new SteppedEngine(setup, depth: 2);
            first = engine.Run(Prompt(0))[0];
            if (policy == KvWritePolicy.Selective)
            {
                await setup.Tiers!.WhenSettledAsync();
                Assert.Equal(0, store.Blocks);
                engine.Run(Prompt(0));
            }
            else if (policy == KvWritePolicy.WriteBack)
            {
                engine.Run([.. Enumerable.Range(1, 8).Select(Prompt)]);
            }
        }

        Assert.True(store.Blocks >= 11, $"{store.Blocks} blocks were stored");
        using var next = Tight(options, store);
        var again = new SteppedEngine(next, depth: 2).Run(Prompt(0))[0];

        Assert.Equal(44, again.End!.Usage.CachedTokens);
        Assert.Equal(first.Summary, again.Summary);
        await CheckBooksAsync(next);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task DamagedBlocks_AreComputedAgain_AndAllOfTheirRunIsStoredAgain(int seed)
    {
        var store = new MemoryStore();
        var options = new KvTierOptions { HostBytes = 1 << 20, WritePolicy = KvWritePolicy.WriteThrough, LeastRemoteTokens = 8 };
        Answer first;
        using (var setup = Tight(options, store))
        {
            first = new SteppedEngine(setup, depth: 1).Run(Prompt(0))[0];
        }

        var blocks = store.Blocks;
        store.Damage(new Random(seed));
        using var next = Tight(options, store);
        var again = new SteppedEngine(next, depth: 1).Run(Prompt(0))[0];
        await next.Tiers!.WhenSettledAsync();

        Assert.Equal(first.Summary, again.Summary);
        Assert.True(store.Forgotten > 0);
        var storage = (await next.Tiers.GetSnapshotAsync()).Tiers.Single(tier => tier.Name == "storage");
        Assert.True(storage.Damaged > 0);
        Assert.Equal(blocks, store.Blocks);
    }

    [Fact]
    public async Task BlocksOfAnotherModel_AreNeverUsed()
    {
        var store = new MemoryStore();
        var options = new KvTierOptions { HostBytes = 1 << 20, WritePolicy = KvWritePolicy.WriteThrough, LeastRemoteTokens = 8 };
        using (var setup = Tight(options, store))
        {
            new SteppedEngine(setup, depth: 1).Run(Prompt(0));
        }

        using var other = new EngineSetup(
            _model, _backend, PieceTokenizer.ForTinyModel(), EngineSetup.WideOptions(), TightPool, tiers: options, store: store, layout: "another checkpoint of that name");
        var answer = new SteppedEngine(other, depth: 1).Run(Prompt(0))[0];

        Assert.Equal(0, answer.End!.Usage.CachedTokens);
        Assert.True((await other.Tiers!.GetSnapshotAsync()).Tiers.Single(tier => tier.Name == "storage").Damaged > 0);
    }

    [Fact]
    public async Task StorageThatIsDown_CostsNothingButItsHelp()
    {
        var store = new MemoryStore { IsDown = true };
        var options = new KvTierOptions { HostBytes = 1 << 20, WritePolicy = KvWritePolicy.WriteThrough, LeastRemoteTokens = 8 };
        using var setup = Tight(options, store);
        var engine = new SteppedEngine(setup, depth: 2);
        var first = engine.Run(Prompt(0))[0];
        engine.Run(Prompt(1), Prompt(2), Prompt(3));

        Assert.Equal(first.Summary, engine.Run(Prompt(0))[0].Summary);
        await CheckBooksAsync(setup);
        Assert.False((await setup.Tiers!.GetSnapshotAsync()).Tiers.Single(tier => tier.Name == "storage").IsAvailable);
    }

    [Fact]
    public async Task Clear_ForgetsHostAndStorage()
    {
        var store = new MemoryStore();
        using var setup = Tight(new KvTierOptions { HostBytes = 1 << 20, WritePolicy = KvWritePolicy.WriteThrough, LeastRemoteTokens = 8 }, store);
        new SteppedEngine(setup, depth: 1).Run(Prompt(0));
        await setup.Tiers!.WhenSettledAsync();
        var before = await setup.Tiers.GetSnapshotAsync();
        await setup.Tiers.ClearAsync();
        var after = await setup.Tiers.GetSnapshotAsync();

        Assert.All(before.Tiers, tier => Assert.True(tier.Blocks > 0, tier.Name));
        Assert.Equal(["device", "host", "storage"], after.Tiers.Select(tier => tier.Name));
        Assert.All(after.Tiers[1..], tier => Assert.Equal((0, 0), (tier.Blocks, tier.Bytes)));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task WithTheEnginesThreads_TheAnswersAreTheSame(int seed)
    {
        var random = new Random(seed + 100);
        var requests = Enumerable.Range(0, 30).Select(i => RandomRequests.Valid(RandomRequests.Next(random, i))).ToArray();
        string[] expected;
        using (var wide = new EngineSetup(_model, _backend, PieceTokenizer.ForTinyModel(), EngineSetup.WideOptions(), blocks: 2000))
        {
            expected = [.. requests.Select(request => new SteppedEngine(wide, depth: 1).Run(request)[0].Summary)];
        }

        using var setup = Tight(Options(random), new MemoryStore(), random);
        await using (var engine = setup.Start())
        {
            var answers = await Task.WhenAll(requests.Select(request => Answer.ReadAsync(engine.Start(request), TestContext.Current.CancellationToken)));
            Assert.Equal(expected, answers.Select(answer => answer.Summary));
        }

        await CheckBooksAsync(setup);
    }

    [Fact]
    public async Task TheFeed_TellsWhatPoolAndHostHave()
    {
        using var setup = Tight(new KvTierOptions { HostBytes = 1 << 20 }, null);
        var engine = new SteppedEngine(setup, depth: 1);
        engine.Run([.. Enumerable.Range(0, 4).Select(Prompt)]);
        await setup.Tiers!.WhenSettledAsync();
        var told = setup.Feed.Take().Changes.Where(change => change.Tiers != Grains.Ports.PrefixTiers.None).ToDictionary(change => change.Hash, change => change.Tiers);

        Assert.Equal(
            setup.Blocks.CachedNames().Select(name => name.Hash).Order(Comparer<Grains.Interfaces.Routing.PrefixHash>.Create((a, b) => a.Low.CompareTo(b.Low))),
            told.Where(held => held.Value.HasFlag(Grains.Ports.PrefixTiers.Device)).Select(held => held.Key).OrderBy(hash => hash.Low));
        Assert.Equal(
            (await setup.Tiers.GetSnapshotAsync()).Tiers[1].Blocks, told.Count(held => held.Value.HasFlag(Grains.Ports.PrefixTiers.Host)));
    }

    private static KvTierOptions Options(Random random) => new()
    {
        HostBytes = random.Next(3) switch { 0 => 8_000, 1 => 40_000, _ => 1 << 20 },
        Form = random.Next(2) == 0 ? KvForm.Exact : KvForm.Zstd,
        WritePolicy = (KvWritePolicy)random.Next(3),
        LeastRemoteTokens = random.Next(1, 20),
        IdleCopyBytes = random.Next(2) == 0 ? 1 : 1 << 20,
    };

    private static GenerationRequest Prompt(int number) => new()
    {
        RequestId = $"p{number}",
        Model = "tiny",
        PromptTokens = [.. Enumerable.Range(0, 48).Select(i => ((number * 13) + (i * 7) + (i / 5)) % 50)],
        TopLogprobs = 2,
        Sampling = new SamplingParameters { Temperature = 0.8f, Seed = number },
        Stop = new StopParameters { MaxTokens = 12, IgnoreEndToken = true },
    };

    private static Silo.KvCache.PrefixChain Chain(EngineSetup setup, GenerationRequest request)
    {
        var chain = new Silo.KvCache.PrefixChain(Grains.Interfaces.Routing.PrefixHash.Root("tiny", request.CacheSalt), setup.Blocks.BlockTokens);
        chain.Extend(request.PromptTokens);
        return chain;
    }

    private EngineSetup Tight(KvTierOptions tiers, MemoryStore? store, Random? random = null)
    {
        var options = EngineSetup.WideOptions();
        options.MaxTokensPerStep = random?.Next(3) == 0 ? 16 : 4096;
        options.MaxRunningSequences = Math.Min(16, options.MaxTokensPerStep);
        return new EngineSetup(_model, _backend, PieceTokenizer.ForTinyModel(), options, TightPool, tiers: tiers, store: store);
    }

    /// <summary>Every block is accounted for: no sequence holds any, and no host memory is lent but to the host tier.</summary>
    private static async Task CheckBooksAsync(EngineSetup setup)
    {
        await setup.Tiers!.WhenSettledAsync();
        setup.Blocks.CheckIntegrity([]);
        Assert.Equal(setup.Blocks.TotalBlocks, setup.Blocks.FreeBlocks);
        Assert.Equal((await setup.Tiers.GetSnapshotAsync()).Tiers[1].Bytes, setup.Tiers.LentBytes);
    }
}
