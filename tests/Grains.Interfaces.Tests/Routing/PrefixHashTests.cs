using CsCheck;
using XLLM.Grains.Interfaces.Prompts;
using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Grains.Interfaces.Tests.Routing;

/// <summary>Stored blocks and silos of other versions rely on these values. They were computed by the reference library, libxxhash 0.8.1.</summary>
public sealed class PrefixHashTests
{
    private static readonly int[] Tokens = [.. Enumerable.Range(0, 40)];

    [Fact]
    public void Root_NeverChanges()
    {
        Assert.Equal("50829051d8e671ceec3a8afa2f0a1b9a", PrefixHash.Root("xllm-demo", null).ToString());
        Assert.Equal("0500a6d16959554afcb5287316d69ffb", PrefixHash.Root("xllm-demo", "tenant").ToString());
    }

    [Fact]
    public void Chain_NeverChanges()
    {
        Assert.Equal(
            ["49c5a8f0252635e41ccd269684be9be7", "ee81bf117a204f343d652a261d38c2f1"],
            PrefixHash.Chain(PrefixHash.Root("xllm-demo", null), Tokens, 16).Select(hash => hash.ToString()));
        Assert.Equal("ea6b54d2a3a2969d629829d884acac10", PrefixHash.Root("xllm-demo", "tenant").Next(Tokens.AsSpan(0, 16)).ToString());
        Assert.Equal("76178e290755d977c7cbfe08ca273d3f", PrefixHash.Root("xllm-demo", null).Next(Tokens.AsSpan(0, 16), [1, 2, 3]).ToString());
    }

    [Fact]
    public void APicture_EntersTheBlockInWhichItBegins_AndAllAfterIt_ByContentAndPlace()
    {
        var root = PrefixHash.Root("m", null);
        PrefixHash[] Chain(params PictureMark[] marks) => PrefixHash.Chain(root, Tokens, 8, marks);
        var (text, one) = (Chain(), Chain(new PictureMark(10, new PictureKey(1, 2))));

        Assert.Equal(text[0], one[0]);
        Assert.Empty(text[1..].Intersect(one[1..]));
        PrefixHash[][] others =
        [
            Chain(new PictureMark(10, new PictureKey(1, 3))), Chain(new PictureMark(10, new PictureKey(2, 2))), Chain(new PictureMark(11, new PictureKey(1, 2))),
            Chain(new PictureMark(10, new PictureKey(1, 2)), new PictureMark(15, new PictureKey(1, 2))),
        ];
        Assert.All(others, other => Assert.Empty(one[1..].Intersect(other[1..])));

        // A second picture leaves the blocks before it as they were.
        Assert.Equal(one[..3], Chain(new PictureMark(10, new PictureKey(1, 2)), new PictureMark(24, new PictureKey(5, 5)))[..3]);
        Assert.Single(Chain(new PictureMark(39, new PictureKey(1, 2))).Except(text));
    }

    [Fact]
    public void AChainWithPictures_NeverChanges() => Assert.Equal(
        PrefixHash.Root("m", null).Next(Tokens.AsSpan(0, 16), [10, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
        PrefixHash.Chain(PrefixHash.Root("m", null), Tokens, 16, [new PictureMark(10, new PictureKey(1, 2))])[0]);

    [Fact]
    public void Chain_NamesTheCommonPrefix_AndNothingAfterIt() =>
        Gen.Int[0, 200].Array[0, 80].Select(Gen.Int[0, 200].Array[0, 80], Gen.Int[1, 8]).Sample((left, right, blockTokens) =>
        {
            var root = PrefixHash.Root("m", null);
            int[] joined = [.. left, .. right];
            var (whole, part) = (PrefixHash.Chain(root, joined, blockTokens), PrefixHash.Chain(root, left, blockTokens));

            Assert.Equal(joined.Length / blockTokens, whole.Length);
            Assert.Equal(part, whole.Take(part.Length));
            Assert.Equal(whole.Length, whole.Distinct().Count());
            if (joined.Length >= blockTokens)
            {
                joined[0]++;
                Assert.Empty(PrefixHash.Chain(root, joined, blockTokens).Intersect(whole));
            }
        });
}
