using XLLM.Grains.Interfaces.Routing;
using XLLM.Silo.KvCache;

namespace XLLM.Silo.Tests.KvCache;

/// <summary>Prefixes of models with recurrent states: where states are kept, found, held and dropped.</summary>
public sealed class StateSnapshotTests
{
    private const int BlockTokens = 4;
    private const int StateBlocks = 3;
    private static readonly PrefixHash Root = PrefixHash.Root("model", null);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 16)];

    [Fact]
    public void APrompt_LeavesItsStateAtTheLastFullBlock_AndOthersGoOnFromIt()
    {
        var blocks = Create(40);
        Run(blocks, Tokens(0, 10));

        Assert.Equal(8, blocks.FindPrefix(Chain(Tokens(0, 12)), 11));
        Assert.Equal(8, blocks.FindPrefix(Chain(Tokens(0, 10)), 9));
        Assert.Equal(0, blocks.FindPrefix(Chain(Tokens(0, 8)), 7));         // keys and values of 4 tokens are known, a state is not
        Assert.Equal(2 + StateBlocks, blocks.CachedBlocks);
        Assert.Equal(40, blocks.FreeBlocks);
        blocks.CheckIntegrity([]);
    }

    [Fact]
    public void ASequence_StopsWhereItsStateIsKept_AndGoesOnInOtherBlocks()
    {
        var blocks = Create(40);
        var (tables, chain) = (blocks.CreateTables(), Chain(Tokens(0, 10)));
        Assert.True(blocks.TryAdmit(tables, chain, 0, 10));
        Assert.Equal(8, KvBlockManager.UntilStop(tables, 0, 10));
        KvBlockManager.Granted(tables, 8);
        var before = tables[1].Blocks.ToArray();

        // Planned while the step that reaches the place is under way.
        Assert.True(blocks.TryReserve(tables, 10));
        KvBlockManager.Granted(tables, 10);

        Assert.Equal(2, KvBlockManager.UntilStop(tables, 8, 2));
        Assert.Equal(before, tables.ReadBlocks(1).ToArray());
        Assert.Empty(before.Intersect(tables[1].Blocks.ToArray()));
        Assert.Equal(3 + (2 * StateBlocks), blocks.UsedBlocks);
        Assert.Equal(0, blocks.FindPrefix(Chain(Tokens(0, 12)), 11));       // not computed yet
        blocks.Commit(tables, chain, 8);
        Assert.Equal(8, blocks.FindPrefix(Chain(Tokens(0, 12)), 11));
        blocks.CheckIntegrity([tables]);
        blocks.Commit(tables, chain, 10);
        Assert.Equal(3 + StateBlocks, blocks.UsedBlocks);                   // nobody reads the old ones any more
        blocks.CheckIntegrity([tables]);
    }

    [Fact]
    public void TheStateWhereAPromptPartsFromAKnownOne_IsKept_ForTheThird()
    {
        var blocks = Create(60);
        int[] Prompt(int end) => [.. Tokens(0, 17), .. Tokens(end, 8)];
        Run(blocks, Prompt(100));
        Assert.Equal(0, blocks.FindPrefix(Chain(Prompt(200)), 24));

        var (tables, chain) = (blocks.CreateTables(), Chain(Prompt(200)));
        Assert.True(blocks.TryAdmit(tables, chain, 0, 25));
        Assert.Equal(16, KvBlockManager.UntilStop(tables, 0, 25));
        KvBlockManager.Granted(tables, 16);
        Assert.Equal(8, KvBlockManager.UntilStop(tables, 16, 9));
        blocks.Commit(tables, chain, 16);
        Finish(blocks, tables, chain, 16, 25);

        Assert.Equal(16, blocks.FindPrefix(Chain(Prompt(300)), 24));
    }

    [Fact]
    public void ASequenceThatEndsWhereItsStateIsKept_LeavesIt_ButNotBeforeItIsComputed()
    {
        var blocks = Create(20);
        var (tables, chain) = (blocks.CreateTables(), Chain(Tokens(0, 9)));
        Assert.True(blocks.TryAdmit(tables, chain, 0, 9));
        KvBlockManager.Granted(tables, 8);
        blocks.Release(tables);
        Assert.Equal(0, blocks.CachedBlocks);

        Assert.True(blocks.TryAdmit(tables, chain, 0, 9));
        KvBlockManager.Granted(tables, 8);
        blocks.Commit(tables, chain, 8);
        blocks.Release(tables);
        Assert.Equal(8, blocks.FindPrefix(Chain(Tokens(0, 12)), 11));
        blocks.CheckIntegrity([]);
    }

    [Fact]
    public void WithoutRoom_ASequenceGoesOnInPlace_AndNothingIsKept()
    {
        var blocks = Create(3 + StateBlocks + StateBlocks);     // one state more fits, but must not be all the room there is
        Run(blocks, Tokens(0, 10));

        Assert.Equal(0, blocks.FindPrefix(Chain(Tokens(0, 12)), 11));
        Assert.Equal(2, blocks.CachedBlocks);
        blocks.CheckIntegrity([]);
    }

    [Fact]
    public void ASnapshot_IsEvictedAsAWhole()
    {
        var blocks = Create(20);
        Run(blocks, Tokens(0, 10));
        Assert.Equal(2 + StateBlocks, blocks.CachedBlocks);
        var tables = blocks.CreateTables();
        Assert.True(blocks.TryAdmit(tables, Chain(Tokens(500, 49)), 0, 49));    // 13 and 3: one of 5 cached blocks goes, and with a piece its others

        Assert.Equal(0, blocks.FindPrefix(Chain(Tokens(0, 12)), 11));
        Assert.Equal(1, blocks.Evictions);
        Assert.Equal(2, blocks.CachedBlocks);
        blocks.CheckIntegrity([tables]);
    }

    [Fact]
    public void APrefix_IsNotFound_WhereItsStateAndOneMoreWouldNotFit()
    {
        var blocks = Create(20);
        Run(blocks, Tokens(0, 10));

        Assert.Equal(8, blocks.FindPrefix(Chain(Tokens(0, 56)), 55));           // 14 blocks of keys and values, twice 3 of states
        Assert.Equal(0, blocks.FindPrefix(Chain(Tokens(0, 57)), 56));
    }

    [Fact]
    public void WithoutPrefixCaching_NoStepStops()
    {
        var blocks = new KvBlockManager([new FullAttentionRule(), new RecurrentStateRule(StateBlocks)], 40, BlockTokens, prefixCaching: false);
        var tables = blocks.CreateTables();
        Assert.True(blocks.TryAdmit(tables, Chain(Tokens(0, 30)), 0, 30));

        Assert.Equal(30, KvBlockManager.UntilStop(tables, 0, 30));
    }

    [Fact]
    public void TwoGroupsOfStates_AreRefused() =>
        Assert.Throws<ArgumentException>(() => new KvBlockManager([new RecurrentStateRule(1), new RecurrentStateRule(1)], 4, BlockTokens));

    /// <summary>The state is simulated: what every block of a state holds is the tokens that the state has seen. What a sequence reads must be its own tokens so far.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public void AnyHistory_LosesNoBlock_AndEveryStateReadHasSeenExactlyTheSequencesTokens(int seed)
    {
        var random = new Random(seed);
        KvGroupRule[] rules = seed % 4 == 0 ? [new RecurrentStateRule(StateBlocks)] : [new FullAttentionRule(), new RecurrentStateRule(StateBlocks)];
        var stateGroup = rules.Length - 1;
        var blocks = new KvBlockManager(rules, random.Next(18, 70), BlockTokens);
        var states = new Dictionary<int, int[]>();
        var live = new List<Life>();
        var underWay = new Queue<(Life Life, int Run, int End)>();
        var hits = 0;

        for (var step = 0; step < 3000; step++)
        {
            if (random.Next(3) == 0)
            {
                var tokens = Tokens(random.Next(3), random.Next(1, 40));
                if (random.Next(2) == 0)
                {
                    tokens[random.Next(tokens.Length)] = 77;
                }

                Admit(new Life(tokens, Chain(tokens), blocks.CreateTables()));
            }

            if (live.Count > 0)
            {
                var life = live[random.Next(live.Count)];
                if (random.Next(life.Granted == life.Tokens.Length ? 2 : 12) == 0)
                {
                    blocks.Release(life.Tables);        // ended or preempted, perhaps with a step under way
                    life.Run++;
                    live.Remove(life);
                }
                else if (life.Granted < life.Tokens.Length)
                {
                    var until = life.Granted + KvBlockManager.UntilStop(life.Tables, life.Granted, random.Next(1, life.Tokens.Length - life.Granted + 1));
                    if (blocks.TryReserve(life.Tables, until))
                    {
                        Grant(life, until);
                    }
                }
            }

            if (underWay.Count > random.Next(0, 2))
            {
                var (life, run, end) = underWay.Dequeue();
                if (life.Run == run)
                {
                    blocks.Commit(life.Tables, life.Chain, end);
                }
            }

            blocks.CheckIntegrity(live.Select(life => life.Tables));
        }

        live.ForEach(life => blocks.Release(life.Tables));
        Assert.Equal(blocks.TotalBlocks, blocks.FreeBlocks);
        blocks.CheckIntegrity([]);
        Assert.True(hits > 20, $"only {hits} prefixes were found");

        void Admit(Life life)
        {
            var hit = blocks.FindPrefix(life.Chain, life.Tokens.Length - 1);
            if (!blocks.TryAdmit(life.Tables, life.Chain, hit, life.Tokens.Length))
            {
                Assert.Equal(0, life.Tables.HeldBlocks);
                return;
            }

            hits += hit > 0 ? 1 : 0;
            life.Granted = hit;
            live.Add(life);
            Grant(life, hit + KvBlockManager.UntilStop(life.Tables, hit, life.Tokens.Length - hit));
        }

        // Steps execute in order, so what a step reads and writes may be looked at when it is planned.
        void Grant(Life life, int until)
        {
            KvBlockManager.Granted(life.Tables, until);
            foreach (var block in life.Granted > 0 ? life.Tables.ReadBlocks(stateGroup) : [])
            {
                Assert.Equal(life.Tokens[..life.Granted], states[block]);
            }

            foreach (var block in life.Tables[stateGroup].Blocks)
            {
                states[block] = life.Tokens[..until];
            }

            life.Granted = until;
            underWay.Enqueue((life, life.Run, until));
        }
    }

    private static KvBlockManager Create(int blocks) => new([new FullAttentionRule(), new RecurrentStateRule(StateBlocks)], blocks, BlockTokens);

    private static int[] Tokens(int first, int count) => [.. Enumerable.Range(first, count)];

    private static PrefixChain Chain(int[] tokens)
    {
        var chain = new PrefixChain(Root, BlockTokens);
        chain.Extend(tokens);
        return chain;
    }

    /// <summary>A sequence's whole life, computed step after step.</summary>
    private static void Run(KvBlockManager blocks, int[] tokens)
    {
        var (tables, chain) = (blocks.CreateTables(), Chain(tokens));
        var hit = blocks.FindPrefix(chain, tokens.Length - 1);
        Assert.True(blocks.TryAdmit(tables, chain, hit, tokens.Length));
        Finish(blocks, tables, chain, hit, tokens.Length);
    }

    private static void Finish(KvBlockManager blocks, BlockTables tables, PrefixChain chain, int granted, int tokens)
    {
        while (granted < tokens)
        {
            Assert.True(blocks.TryReserve(tables, granted + KvBlockManager.UntilStop(tables, granted, tokens - granted)));
            granted += KvBlockManager.UntilStop(tables, granted, tokens - granted);
            KvBlockManager.Granted(tables, granted);
            blocks.Commit(tables, chain, granted);
            blocks.CheckIntegrity([tables]);
        }

        blocks.Release(tables);
    }

    private sealed class Life(int[] tokens, PrefixChain chain, BlockTables tables)
    {
        public int[] Tokens { get; } = tokens;

        public PrefixChain Chain { get; } = chain;

        public BlockTables Tables { get; } = tables;

        public int Granted { get; set; }

        public int Run { get; set; }
    }
}
