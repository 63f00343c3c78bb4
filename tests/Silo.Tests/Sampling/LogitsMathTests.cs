using XLLM.Silo.Sampling;

namespace XLLM.Silo.Tests.Sampling;

public sealed class LogitsMathTests
{
    public static TheoryData<int> Lengths => [1, 15, 16, 17, 100, 1024, 1025, 5000];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Loops_AgreeWithThePlainOnes_ForAnyLength(int length)
    {
        var random = new Random(length);
        var values = Enumerable.Range(0, length).Select(_ => (float)Math.Round((random.NextDouble() * 20) - 10, 1)).ToArray();

        Assert.Equal(values.Max(), LogitsMath.Max(values));
        Assert.Equal(Array.IndexOf(values, values.Max()), LogitsMath.IndexOf(values, values.Max()));
        Assert.Equal(-1, LogitsMath.IndexOf(values, 99));
        Assert.Equal(values.Min(), LogitsMath.MinFinite(values));
        Assert.Equal(0.5f, LogitsMath.MinFinite([.. Enumerable.Repeat(float.NegativeInfinity, length), 0.5f]));
        Assert.Equal(Array.FindIndex(values, value => value > 5), LogitsMath.IndexOfAbove(values, 5));

        var masked = values.ToArray();
        LogitsMath.MaskBelow(masked, 0.5f);
        Assert.Equal(values.Select(value => value < 0.5f ? float.NegativeInfinity : value), masked);

        var scaled = values.ToArray();
        LogitsMath.Rescale(scaled, 3, 0.5f);
        Assert.Equal(values.Select(value => (value - 3) * 0.5f), scaled);

        var weights = new float[length];
        var blocks = new double[(length / LogitsMath.BlockSize) + 1];
        var total = LogitsMath.Weights(values, values.Max(), weights, blocks);
        Assert.Equal(values.Sum(value => Math.Exp(value - values.Max())), total, total * 1e-6);
        Assert.Equal(total, blocks.Sum(), total * 1e-12);
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Max_SeesANaN_AtEveryPlace(int length)
    {
        for (var i = 0; i < length; i += Math.Max(1, length / 50))
        {
            var values = new float[length];
            values[i] = float.NaN;
            Assert.Equal(float.NaN, LogitsMath.Max(values));
        }
    }
}
