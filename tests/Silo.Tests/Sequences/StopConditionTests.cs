using XLLM.Silo.Sequences;

namespace XLLM.Silo.Tests.Sequences;

public sealed class StopConditionTests
{
    [Theory]
    [InlineData(7, 1, "EndToken")]
    [InlineData(8, 1, "StopToken")]
    [InlineData(9, 1, "GoOn")]
    [InlineData(9, 5, "Length")]
    [InlineData(7, 5, "EndToken")]
    public void Judge_KnowsWhyASequenceEnds(int token, int generated, string verdict) =>
        Assert.Equal(verdict, new StopCondition([7], [8], minTokens: 0, maxTokens: 5).Judge(token, generated).ToString());

    [Theory]
    [InlineData(3, "GoOn")]
    [InlineData(4, "EndToken")]
    public void Judge_LetsNoTokenEndASequence_BeforeMinTokensAreThere(int generated, string verdict) =>
        Assert.Equal(verdict, new StopCondition([7], [8], minTokens: 3, maxTokens: 10).Judge(7, generated).ToString());
}
