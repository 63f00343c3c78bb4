using XLLM.Silo.Models.Layers;

namespace XLLM.Silo.Tests.Models;

public sealed class RopeScalingTests
{
    [Fact]
    public void PlainRope_FallsFromOneByPowersOfTheBase()
    {
        var frequencies = new PlainRope().InverseFrequencies(10_000, 8);

        Assert.Equal([1, 0.1f, 0.01f, 0.001f], frequencies, (expected, actual) => Math.Abs(expected - actual) <= 1e-7f * expected);
    }

    [Fact]
    public void Yarn_KeepsFastPairs_DividesSlowOnes_AndBlendsBetween()
    {
        // Qwen3's published setting for 131,072 tokens.
        var yarn = new YarnScaling { Factor = 4, OriginalContext = 32_768, BetaFast = 32, BetaSlow = 1 };

        var (scaled, plain) = (yarn.InverseFrequencies(1_000_000, 128), new PlainRope().InverseFrequencies(1_000_000, 128));

        var ratios = scaled.Zip(plain, (a, b) => a / b).ToArray();
        Assert.All(ratios[..24], ratio => Assert.Equal(1, ratio, 5));               // 32 turns are at pair 23.6, rounded down to 23
        Assert.All(ratios[40..], ratio => Assert.Equal(0.25, ratio, 5));            // one turn is at pair 39.6, rounded up to 40
        Assert.Equal(1 - (0.75 * 8 / 17), ratios[31], 5);
        Assert.Equal((0.1 * Math.Log(4)) + 1, yarn.AttentionScale, 12);
    }

    [Fact]
    public void Yarn_DividesDeepSeeksTwoTemperatures()
    {
        var yarn = new YarnScaling { Factor = 40, OriginalContext = 4096, BetaFast = 32, BetaSlow = 1, Mscale = 1, MscaleAllDim = 1 };

        Assert.Equal(1, yarn.AttentionScale);
        Assert.Equal(1.5, (yarn with { AttentionFactor = 1.5 }).AttentionScale);
    }
}
