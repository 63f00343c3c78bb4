using XLLM.Grains.Interfaces.Routing;
using XLLM.Silo.KvCache;

namespace XLLM.Silo.Tests.KvCache;

public sealed class KvBlockManagerTests
{
    private const int BlockTokens = 4;
    private static readonly PrefixHash Root = PrefixHash.Root("model", null);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 12)];

    [Fact]
    public void TryReserve_TakesAllOrNothing()
    {
        var blocks = Create(3);
        var tables = blocks.CreateTables();

        Assert.True(blocks.TryReserve(tables, 5));
        Assert.Equal(2, tables[0].Count);
        Assert.False(blocks.TryReserve(tables, 13));
        Assert.Equal(2, tables[0].Count);
        Assert.Equal(1, blocks.FreeBlocks);
        Assert.True(blocks.TryReserve(tables, 12));
        Assert.Equal(0, blocks.FreeBlocks);
        blocks.CheckIntegrity([tables]);
    }

    [Theory]
    [InlineData(12, true)]
    [InlineData(13, false)]
    public void FitsWhenAlone_ComparesWithTheWholePool(int tokens, bool fits) => Assert.Equal(fits, Create(3).FitsWhenAlone(tokens));

    [Fact]
    public void FindPrefix_FindsFullBlocksOfASequenceThatHasLeft_AndNeverTheLastToken()
    {
        var blocks = Create(8);
        Run(blocks, Tokens(0, 12));

        Assert.Equal(8, blocks.FindPrefix(Chain(Tokens(0, 12)), most: 11));     // the third block has the last token
        Assert.Equal(12, blocks.FindPrefix(Chain(Tokens(0, 13)), most: 12));
        Assert.Equal(8, blocks.FindPrefix(Chain([.. Tokens(0, 8), 99, 98, 97, 96, 95]), most: 12));
        Assert.Equal(0, blocks.FindPrefix(Chain([99, .. Tokens(1, 12)]), most: 11));
        Assert.Equal(8, blocks.FreeBlocks);
        Assert.Equal(3, blocks.CachedBlocks);
    }

    [Fact]
    public void FindPrefix_DoesNotFindBlocksBeforeTheyAreCommitted()
    {
        var blocks = Create(8);
        var tables = blocks.CreateTables();
        var chain = Chain(Tokens(0, 12));
        Assert.True(blocks.TryAdmit(tables, chain, 0, 12));
        blocks.Commit(tables, chain, computedTokens: 7);        // one full block, and three quarters of the next

        Assert.Equal(4, blocks.FindPrefix(chain, most: 11));
    }

    [Fact]
    public void TryAdmit_SharesBlocks_AndCountsHits()
    {
        var blocks = Create(4);
        var first = blocks.CreateTables();
        var chain = Chain(Tokens(0, 12));
        Assert.True(blocks.TryAdmit(first, chain, 0, 12));
        blocks.Commit(first, chain, 12);

        var second = blocks.CreateTables();
        Assert.True(blocks.TryAdmit(second, chain, blocks.FindPrefix(chain, 11), 12));

        Assert.Equal(first[0].Blocks[..2], second[0].Blocks[..2]);
        Assert.NotEqual(first[0].Blocks[2], second[0].Blocks[2]);
        Assert.Equal(0, blocks.FreeBlocks);
        Assert.Equal((24, 8), (blocks.QueriedTokens, blocks.HitTokens));
        blocks.Release(first);
        Assert.Equal(1, blocks.FreeBlocks);                     // the two shared ones are still read
        blocks.CheckIntegrity([second]);
    }

    [Fact]
    public void TryAdmit_ChangesNothing_WhenItsOwnHitsAreAllTheRoomThereIs()
    {
        var blocks = Create(3);
        Run(blocks, Tokens(0, 12));
        var chain = Chain([.. Tokens(0, 8), 50, 51, 52, 53, 54]);
        var tables = blocks.CreateTables();

        Assert.Equal(8, blocks.FindPrefix(chain, 12));
        Assert.False(blocks.TryAdmit(tables, chain, 8, 13));    // 4 blocks, 2 of them hits; the third cannot become two
        Assert.Equal(3, blocks.FreeBlocks);
        Assert.Equal(12, blocks.QueriedTokens);                 // those of the first sequence
        blocks.CheckIntegrity([]);
    }

    [Fact]
    public void Eviction_TakesTheTailOfASequenceBeforeItsHead_AndTheOldestFirst()
    {
        var events = new Recorder();
        var blocks = Create(4, events: events);
        var (old, young) = (Tokens(0, 8), Tokens(100, 8));
        Run(blocks, old);
        Run(blocks, young);
        var tables = blocks.CreateTables();

        Assert.True(blocks.TryReserve(tables, 12));

        Assert.Equal([Chain(old).Hashes[1], Chain(old).Hashes[0], Chain(young).Hashes[1]], events.Removed.ToArray());
        Assert.Equal(4, blocks.FindPrefix(Chain(young), 8));
        Assert.Equal(3, blocks.Evictions);
        Assert.Equal(4, events.Stored.Count);
    }

    [Fact]
    public void AHit_MakesABlockYoungAgain()
    {
        var blocks = Create(4);
        var (first, second) = (Tokens(0, 8), Tokens(100, 8));
        Run(blocks, first);
        Run(blocks, second);
        Run(blocks, first);                                     // both its blocks: touched, one of them computed again
        Assert.True(blocks.TryReserve(blocks.CreateTables(), 8));

        Assert.Equal(8, blocks.FindPrefix(Chain([.. first, 1]), 8));
        Assert.Equal(0, blocks.FindPrefix(Chain([.. second, 1]), 8));
    }

    [Fact]
    public void Commit_KeepsTheFirstOfTwoEqualBlocks_AndTheOtherStaysPrivate()
    {
        var blocks = Create(4);
        var chain = Chain(Tokens(0, 4));
        var (one, other) = (blocks.CreateTables(), blocks.CreateTables());
        Assert.True(blocks.TryAdmit(one, chain, 0, 4));
        Assert.True(blocks.TryAdmit(other, chain, 0, 4));
        blocks.Commit(one, chain, 4);
        blocks.Commit(other, chain, 4);

        Assert.Equal(1, blocks.CachedBlocks);
        blocks.CheckIntegrity([one, other]);
        blocks.Release(other);
        blocks.Release(one);
        Assert.Equal(1, blocks.CachedBlocks);
        blocks.CheckIntegrity([]);
    }

    [Fact]
    public void WithoutPrefixCaching_NothingIsKept()
    {
        var blocks = new KvBlockManager([new FullAttentionRule()], 4, BlockTokens, prefixCaching: false);
        Run(blocks, Tokens(0, 8));

        Assert.Equal(0, blocks.FindPrefix(Chain(Tokens(0, 9)), 8));
        Assert.Equal((0, 0L), (blocks.CachedBlocks, blocks.QueriedTokens));
        blocks.CheckIntegrity([]);
    }

    [Fact]
    public void ASlidingWindow_GivesBlocksBackEarly_AndFindsAPrefixByItsWindowAlone()
    {
        var blocks = new KvBlockManager([new FullAttentionRule(), new SlidingWindow(8)], 40, BlockTokens);
        var tokens = Tokens(0, 32);
        var chain = Chain(tokens);
        var tables = blocks.CreateTables();
        Assert.True(blocks.TryAdmit(tables, chain, 0, 32));
        blocks.Commit(tables, chain, 32);

        Assert.Equal(0, tables[0].FirstHeld);
        Assert.Equal(6, tables[1].FirstHeld);                   // positions 24 and later are in the window of row 32
        Assert.Equal(8 + 2, blocks.UsedBlocks);
        blocks.CheckIntegrity([tables]);
        blocks.Release(tables);

        Assert.Equal(32, blocks.FindPrefix(Chain([.. tokens, 7]), 32));
        Assert.True(blocks.TryAdmit(tables, Chain([.. tokens, 7]), 32, 33));
        Assert.Equal((9, 9, 6), (tables[0].Count, tables[1].Count, tables[1].FirstHeld));
        blocks.CheckIntegrity([tables]);
    }

    [Fact]
    public void AGroupWithoutPrefixes_LetsTheModelFindNone()
    {
        var blocks = new KvBlockManager([new FullAttentionRule(), new RecurrentState()], 8, BlockTokens);
        Run(blocks, Tokens(0, 8));

        Assert.Equal(0, blocks.FindPrefix(Chain(Tokens(0, 9)), 8));
        Assert.True(blocks.FitsWhenAlone(28));                  // 7 blocks and 1 of state
        Assert.False(blocks.FitsWhenAlone(29));
    }

    [Fact]
    public void CheckIntegrity_NamesABlockThatAForgottenSequenceHolds()
    {
        var blocks = Create(2);
        Assert.True(blocks.TryReserve(blocks.CreateTables(), 4));

        Assert.Contains("counts 1 users, 0 tables hold it", Assert.Throws<InvalidOperationException>(() => blocks.CheckIntegrity([])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void AnyHistory_LosesNoBlock_AndFindsOnlyWhatHasTheSameTokens(int seed)
    {
        var random = new Random(seed);
        KvGroupRule[] rules = seed % 3 == 0 ? [new FullAttentionRule(), new SlidingWindow(6)] : [new FullAttentionRule()];
        var blocks = new KvBlockManager(rules, random.Next(12, 40), BlockTokens);
        var live = new List<(int[] Tokens, PrefixChain Chain, BlockTables Tables, int Computed)>();
        var contents = new Dictionary<int, int[]>();            // by block of group 0: the tokens whose keys it has, from the sequence's start

        for (var step = 0; step < 2000; step++)
        {
            if (random.Next(3) == 0)
            {
                var tokens = Tokens(random.Next(3), random.Next(1, 40));
                if (random.Next(2) == 0)
                {
                    tokens[random.Next(tokens.Length)] = 77;
                }

                var (chain, tables) = (Chain(tokens), blocks.CreateTables());
                var hit = blocks.FindPrefix(chain, tokens.Length - 1);
                Assert.InRange(hit, 0, tokens.Length - 1);
                if (blocks.TryAdmit(tables, chain, hit, tokens.Length))
                {
                    for (var i = 0; i < hit / BlockTokens; i++)
                    {
                        Assert.Equal(tokens[..((i + 1) * BlockTokens)], contents[tables[0].Blocks[i]]);
                    }

                    live.Add((tokens, chain, tables, hit));
                }
                else
                {
                    Assert.Equal(0, tables.HeldBlocks);
                }
            }

            if (live.Count > 0)
            {
                var index = random.Next(live.Count);
                var (tokens, chain, tables, computed) = live[index];
                if (random.Next(4) == 0)
                {
                    blocks.Release(tables);
                    live.RemoveAt(index);
                }
                else if (computed < tokens.Length)
                {
                    var until = random.Next(computed + 1, tokens.Length + 1);
                    for (var i = computed / BlockTokens; i <= (until - 1) / BlockTokens; i++)
                    {
                        contents[tables[0].Blocks[i]] = tokens[..Math.Min(until, (i + 1) * BlockTokens)];
                    }

                    blocks.Commit(tables, chain, until);
                    live[index] = (tokens, chain, tables, until);
                }
            }

            blocks.CheckIntegrity(live.Select(sequence => sequence.Tables));
        }

        live.ForEach(sequence => blocks.Release(sequence.Tables));
        Assert.Equal(blocks.TotalBlocks, blocks.FreeBlocks);
        blocks.CheckIntegrity([]);
    }

    private static KvBlockManager Create(int blocks, IKvEvents? events = null) => new([new FullAttentionRule()], blocks, BlockTokens, events: events);

    private static int[] Tokens(int first, int count) => [.. Enumerable.Range(first, count)];

    private static PrefixChain Chain(int[] tokens)
    {
        var chain = new PrefixChain(Root, BlockTokens);
        chain.Extend(tokens);
        return chain;
    }

    /// <summary>A sequence's whole life.</summary>
    private static void Run(KvBlockManager blocks, int[] tokens)
    {
        var (tables, chain) = (blocks.CreateTables(), Chain(tokens));
        Assert.True(blocks.TryAdmit(tables, chain, blocks.FindPrefix(chain, tokens.Length - 1), tokens.Length));
        blocks.Commit(tables, chain, tokens.Length);
        blocks.Release(tables);
    }

    private sealed class Recorder : IKvEvents
    {
        public List<PrefixHash> Stored { get; } = [];

        public List<PrefixHash> Removed { get; } = [];

        void IKvEvents.Stored(PrefixHash hash, int group, KvBlockId block) => Stored.Add(hash);

        void IKvEvents.Removed(PrefixHash hash, int group, KvBlockId block) => Removed.Add(hash);
    }

    /// <summary>A window of the last tokens: shows that another kind of group is a class and nothing else.</summary>
    private sealed class SlidingWindow(int window) : KvGroupRule
    {
        public override int BlocksFor(int tokens, int blockTokens) => (tokens + blockTokens - 1) / blockTokens;

        public override int FirstKept(int tokens, int blockTokens) => Math.Max(0, tokens - window + 1) / blockTokens;
    }

    /// <summary>A state of fixed size.</summary>
    private sealed class RecurrentState : KvGroupRule
    {
        public override bool SharesPrefix => false;

        public override int BlocksFor(int tokens, int blockTokens) => 1;
    }
}
