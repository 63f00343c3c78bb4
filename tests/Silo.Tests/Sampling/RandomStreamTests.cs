using XLLM.Silo.Sampling;

namespace XLLM.Silo.Tests.Sampling;

public sealed class RandomStreamTests
{
    /// <summary>The published known answers of Philox 4x32-10.</summary>
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Philox_GivesItsKnownAnswers(uint a, uint b, uint c, uint d, uint keyA, uint keyB, uint w, uint x, uint y, uint z) =>
        Assert.Equal((w, x, y, z), RandomStream.Philox(a, b, c, d, keyA, keyB));

    [Fact]
    public void Uniform_IsEven_AndDependsOnSeedAndPosition()
    {
        const int Draws = 100_000;
        var buckets = new int[20];
        for (var i = 0; i < Draws; i++)
        {
            var value = RandomStream.Uniform(7, i);
            Assert.InRange(value, 0, 1 - 1e-16);
            buckets[(int)(value * buckets.Length)]++;
        }

        // 5 standard deviations of a binomial count; the stream is fixed, so this passes always or never.
        Assert.All(buckets, count => Assert.InRange(count, 5000 - 345, 5000 + 345));
        Assert.NotEqual(RandomStream.Uniform(1, 5), RandomStream.Uniform(2, 5));
        Assert.NotEqual(RandomStream.Uniform(1, 5), RandomStream.Uniform(1, 6));
        Assert.Equal(RandomStream.Uniform(1, 5), RandomStream.Uniform(1, 5));
    }
}
