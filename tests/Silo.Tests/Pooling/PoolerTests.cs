using XLLM.Silo.Pooling;

namespace XLLM.Silo.Tests.Pooling;

public sealed class PoolerTests
{
    [Fact]
    public void AnEmbedding_IsScaledToLengthOne_AfterItWasCut()
    {
        var whole = new EmbeddingPooler(4, normalizes: true);
        var half = new EmbeddingPooler(2, normalizes: true);

        Assert.Null(whole.Pool([3, 4, 0, 12]));
        Assert.Null(half.Pool([3, 4, 0, 12]));

        Assert.Equal([3 / 13f, 4 / 13f, 0, 12 / 13f], whole.Result);
        Assert.Equal([0.6f, 0.8f], half.Result);
    }

    [Fact]
    public void AnEmbedding_StaysAsItIs_WhereTheModelsAreNotOfLengthOne()
    {
        var pooler = new EmbeddingPooler(2, normalizes: false);

        Assert.Null(pooler.Pool([3, -4]));

        Assert.Equal([3, -4], pooler.Result);
    }

    [Fact]
    public void Zeros_StayZeros_AndWhatIsNoNumberIsAFault()
    {
        var pooler = new EmbeddingPooler(2, normalizes: true);
        Assert.Null(pooler.Pool([0, 0]));
        Assert.Equal([0, 0], pooler.Result);

        Assert.Contains("not finite", pooler.Pool([float.NaN, 1]), StringComparison.Ordinal);
        Assert.Contains("not finite", pooler.Pool([float.PositiveInfinity, 1]), StringComparison.Ordinal);
        Assert.Equal("the model gave 1 numbers, 2 were asked for", pooler.Pool([1]));
    }

    [Theory]
    [InlineData(0, 0, 0.5f)]
    [InlineData(100, -100, 1f)]
    [InlineData(-100, 100, 0f)]
    [InlineData(2, 1, 0.7310586f)]
    public void AScore_IsTheProbabilityOfYesAgainstNo(float yes, float no, float expected)
    {
        var pooler = new ScorePooler(yes: 2, no: 0);

        Assert.Null(pooler.Pool([no, 1000, yes]));

        Assert.Equal(expected, pooler.Result[0], 1e-7f);
    }

    [Fact]
    public void AScoreOfNoNumbers_IsAFault() => Assert.Contains("NaN", new ScorePooler(0, 1).Pool([float.NaN, 0]), StringComparison.Ordinal);
}
