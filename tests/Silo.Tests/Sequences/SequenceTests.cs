using XLLM.Silo.Sequences;
using XLLM.Silo.Tests.Scheduling;

namespace XLLM.Silo.Tests.Sequences;

public sealed class SequenceTests
{
    [Fact]
    public void Grant_OfAllThatIsPending_LeavesAPlaceholder_ThatMayBeGrantedBeforeItIsKnown()
    {
        var sequence = TestSequences.Create(1, promptTokens: 5);

        var part = sequence.Grant(3);
        Assert.False(part.DrawsToken);
        Assert.Equal(2, sequence.PendingTokens);
        var rest = sequence.Grant(2);
        Assert.True(rest.DrawsToken);
        Assert.Equal(Sequence.Placeholder, sequence.Tokens[5]);
        var next = sequence.Grant(1);

        Assert.Equal((5, 6, 2), (next.Start, next.End, sequence.TokenCount - 5));
        Assert.True(sequence.Computed(part) && sequence.Computed(rest));
        sequence.Resolve(rest, 42);
        sequence.Resolve(next, 43);
        Assert.Equal([42, 43], sequence.Tokens[5..].ToArray());
        Assert.Equal((5, 2), (sequence.ComputedTokens, sequence.GeneratedTokens));
    }

    [Fact]
    public void PendingTokens_AreNone_OnceTheLastTokenIsBeingDrawn()
    {
        var sequence = TestSequences.Create(1, promptTokens: 3, maxTokens: 4);
        sequence.Grant(3);

        Assert.Equal(0, sequence.PendingTokens);
        Assert.Throws<ArgumentOutOfRangeException>(() => sequence.Grant(1));
    }

    [Fact]
    public void Rewind_MakesAllPendingAgain_AndOutdatesGrants_ButTheirTokensStillCount()
    {
        var sequence = TestSequences.Create(1, promptTokens: 3);
        var grant = sequence.Grant(3);
        sequence.Rewind();

        Assert.False(sequence.Computed(grant));
        sequence.Resolve(grant, 9);
        Assert.Equal((4, 0, 1), (sequence.PendingTokens, sequence.ComputedTokens, sequence.GeneratedTokens));
    }

    [Fact]
    public void Resolve_RefusesATokenOutOfTurn()
    {
        var sequence = TestSequences.Create(1, promptTokens: 3);
        sequence.Grant(3);
        var second = sequence.Grant(1);

        Assert.Throws<InvalidOperationException>(() => sequence.Resolve(second, 9));
    }

    [Fact]
    public void Admit_RemembersTheFirstHitAlone()
    {
        var sequence = TestSequences.Create(1, promptTokens: 20);
        sequence.Admit(4);
        sequence.Rewind();
        sequence.Admit(16);

        Assert.Equal((4, 16, 4), (sequence.CachedTokens, sequence.ComputedTokens, sequence.PendingTokens));
    }

    [Fact]
    public void Tokens_GrowPastTheirFirstRoom()
    {
        var sequence = TestSequences.Create(1, promptTokens: 1, maxTokens: 5000);
        for (var i = 0; i < 4000; i++)
        {
            sequence.Resolve(sequence.Grant(1), i);
        }

        Assert.Equal(Enumerable.Range(0, 4000), sequence.Tokens[1..].ToArray());
    }
}
