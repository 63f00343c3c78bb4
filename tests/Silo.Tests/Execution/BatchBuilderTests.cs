using XLLM.Silo.Execution;
using XLLM.Silo.KvCache;
using XLLM.Silo.Sequences;
using XLLM.Silo.Tests.Scheduling;

namespace XLLM.Silo.Tests.Execution;

public sealed class BatchBuilderTests
{
    [Fact]
    public void Fill_PlacesEveryRow_AndTellsWhereTokensAreDrawn()
    {
        var blocks = new KvBlockManager([new FullAttentionRule()], 10, 16);
        var one = TestSequences.Create(1, promptTokens: 20, blocks: blocks);
        var two = TestSequences.Create(2, promptTokens: 3, blocks: blocks, firstToken: 100);
        var three = TestSequences.Create(3, promptTokens: 40, blocks: blocks, firstToken: 200);
        Assert.All([one, two, three], sequence => Assert.True(blocks.TryReserve(sequence.Blocks, sequence.TokenCount)));
        one.Grant(18);
        var plan = new StepPlan(groups: 1);

        new BatchBuilder(16).Fill(plan, [one.Grant(2), two.Grant(3), three.Grant(1)]);

        Assert.Equal([18, 19, 100, 101, 102, 200], plan.TokenIds.Values.ToArray());
        Assert.Equal([18, 19, 0, 1, 2, 0], plan.Positions.Values.ToArray());
        Assert.Equal([0, 2, 5, 6], plan.RowStarts.Values.ToArray());
        Assert.Equal([20, 3, 1], plan.ContextLengths.Values.ToArray());
        Assert.Equal([1, 4], plan.LogitRows.Values.ToArray());
        Assert.Equal([0, 1], plan.DrawingGrants.Values.ToArray());
        Assert.Equal([0, 1, 0, 2, 0, 0, 3, 4, 5], plan.Groups[0].BlockTables.Values.ToArray());     // padded to 3 blocks
        Assert.Equal([18, 19, 32, 33, 34, 48], plan.Groups[0].Slots.Values.ToArray());
    }

    [Fact]
    public void Fill_NamesTheBlocksThatAStateIsReadFrom_ThenThoseThatItIsWrittenTo_AndNoSlots()
    {
        var blocks = new KvBlockManager([new FullAttentionRule(), new RecurrentStateRule(2)], 20, 16);
        var sequence = TestSequences.Create(1, promptTokens: 20, blocks: blocks);
        Assert.True(blocks.TryAdmit(sequence.Blocks, sequence.Prefix, 0, 20));      // 0 and 1 for keys and values, 2 and 3 for the state
        var plan = new StepPlan(groups: 2);
        var builder = new BatchBuilder(16);

        var first = Grant(16);
        builder.Fill(plan, [first]);
        Assert.Equal([2, 3, 2, 3], plan.Groups[1].BlockTables.Values.ToArray());
        Assert.Equal(0, plan.Groups[1].Slots.Count);
        Assert.Equal(16, plan.Groups[0].Slots.Count);

        // The state after 16 tokens is kept: the next step reads it there and goes on elsewhere, the one after that reads what it wrote.
        builder.Fill(plan, [Grant(2)]);
        Assert.Equal([2, 3, 4, 5], plan.Groups[1].BlockTables.Values.ToArray());
        builder.Fill(plan, [Grant(1)]);
        Assert.Equal([4, 5, 4, 5], plan.Groups[1].BlockTables.Values.ToArray());

        Grant Grant(int tokens)
        {
            Assert.True(blocks.TryReserve(sequence.Blocks, sequence.GrantedTokens + tokens));
            var grant = sequence.Grant(tokens);
            KvBlockManager.Granted(sequence.Blocks, grant.End);
            return grant;
        }
    }

    [Fact]
    public void Fill_LeavesAPlaceholder_ForTheExecutorToResolve_AndForgetsTheStepBefore()
    {
        var blocks = new KvBlockManager([new FullAttentionRule()], 2, 16);
        var sequence = TestSequences.Create(1, promptTokens: 3, blocks: blocks);
        Assert.True(blocks.TryReserve(sequence.Blocks, 10));
        var plan = new StepPlan(groups: 1);
        var builder = new BatchBuilder(16);
        builder.Fill(plan, [sequence.Grant(3)]);
        plan.Fail("earlier");

        builder.Fill(plan, [sequence.Grant(1)]);

        Assert.Equal([Sequence.Placeholder], plan.TokenIds.Values.ToArray());
        Assert.Equal([3], plan.Positions.Values.ToArray());
        Assert.Equal(1, plan.Drawn.Length);
        Assert.Null(plan.Failure);
    }
}
