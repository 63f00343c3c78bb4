using XLLM.Silo.Vision;

namespace XLLM.Silo.Tests.Vision;

public sealed class PictureResizeTests
{
    public static TheoryData<int> Numbers => [1, 2, 3, 4];

    // The box is open at one end: which side gets a sample on the edge is neither symmetric nor the same after rounding.
    public static TheoryData<int> Continuous => [1, 2, 3];

    // Worked out by hand. Halving with the triangle: around center 1.0 the samples at 0.5 and 1.5 weigh 3/4, at 2.5 1/4, and there is none at -0.5:
    // (0 * 3 + 100 * 3 + 200) / 7 = 71.4 and (100 + 200 * 3 + 40 * 3) / 7 = 117.1. Halving with the box: means of pairs, halves up.
    [Theory]
    [InlineData(2, "0064C828", "4775")]
    [InlineData(4, "0064C828", "3278")]
    [InlineData(4, "0001FFFE", "01FF")]
    public void To_GivesTheWeightedMeans_WhenHalving(int filter, string row, string expected)
    {
        var picture = Gray(Convert.FromHexString(row), 4, 1);

        Assert.Equal(expected, Reds(PictureResize.To(picture, 2, 1, ResampleFilter.Of(filter)!)));
        Assert.Equal(expected, Reds(PictureResize.To(Gray(Convert.FromHexString(row), 1, 4), 1, 2, ResampleFilter.Of(filter)!)));
    }

    // Doubling with the cubic kernel: new centers lie a quarter beside the old samples, where the weights are -9, 111, 29, -3 (of 128).
    // A step from 0 to 255 therefore overshoots on both sides and is clipped: left of it 255 * (29 - 3) / 128 = 51.8 and 255 * -9 / 128, below 0.
    [Fact]
    public void To_OvershootsAndClips_WithTheCubicKernel()
    {
        var picture = Gray([0, 0, 0, 0, 255, 255, 255, 255], 8, 1);

        Assert.Equal("000000000000" + "00" + "34" + "CB" + "FF" + "FFFFFFFFFFFF", Reds(PictureResize.To(picture, 16, 1, ResampleFilter.Bicubic)));
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public void To_KeepsOneColour_AtEverySize(int filter)
    {
        var random = new Random(filter);
        for (var round = 0; round < 100; round++)
        {
            var (width, height) = (random.Next(1, 60), random.Next(1, 60));
            byte[] colour = [(byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256)];
            var picture = new Picture(width, height, [.. Enumerable.Repeat(colour, width * height).SelectMany(bytes => bytes)]);

            var resized = PictureResize.To(picture, random.Next(1, 90), random.Next(1, 90), ResampleFilter.Of(filter)!);

            Assert.All(resized.Samples.ToArray().Chunk(3), pixel => Assert.Equal(colour, pixel));
        }
    }

    [Theory]
    [MemberData(nameof(Continuous))]
    public void To_Mirrors_WithThePicture(int filter)
    {
        var random = new Random(filter);
        for (var round = 0; round < 30; round++)
        {
            var picture = TestPictures.Random(random.Next(1, 40), random.Next(1, 40), round);
            var (width, height) = (random.Next(1, 60), random.Next(1, 60));

            var left = PictureOrientation.Upright(PictureResize.To(picture, width, height, ResampleFilter.Of(filter)!), 3);
            var right = PictureResize.To(PictureOrientation.Upright(picture, 3), width, height, ResampleFilter.Of(filter)!);

            // Weights round half away from zero and sums round half up, so that a mirrored sum may fall on the other side.
            Assert.All(left.Samples.ToArray().Zip(right.Samples.ToArray()), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
        }
    }

    [Theory]
    [MemberData(nameof(Continuous))]
    public void To_IsTheRoundedSum_InEitherDirection(int filter)
    {
        var random = new Random(filter);
        for (var round = 0; round < 40; round++)
        {
            var picture = TestPictures.Random(random.Next(1, 50), random.Next(1, 50), round);
            var (width, height) = round % 2 == 0 ? (random.Next(1, 80), picture.Height) : (picture.Width, random.Next(1, 80));

            var resized = PictureResize.To(picture, width, height, ResampleFilter.Of(filter)!);

            Assert.All(Exact(picture, width, height, filter).Zip(resized.Samples.ToArray()), pair => Assert.InRange(pair.First - pair.Second, -0.501, 0.501));
        }
    }

    [Theory]
    [InlineData(60, 151, 56, 140, true)]                                // 11 rows fewer, 4 columns fewer
    [InlineData(260, 200, 160, 96, false)]                              // 104 rows, 100 columns
    [InlineData(60, 151, 64, 160, false)]                               // both grow
    [InlineData(60, 151, 80, 140, true)]                                // only the height shrinks
    [InlineData(97, 61, 84, 70, false)]                                 // only the width shrinks
    public void To_TakesTheColumnsFirst_WhenTheHeightShrinksMore(int width, int height, int newWidth, int newHeight, bool columnsFirst)
    {
        var picture = TestPictures.Random(width, height, seed: 1);
        var filter = ResampleFilter.Bicubic;

        var byColumns = PictureResize.To(PictureResize.To(picture, width, newHeight, filter), newWidth, newHeight, filter);
        var byRows = PictureResize.To(PictureResize.To(picture, newWidth, height, filter), newWidth, newHeight, filter);
        var resized = PictureResize.To(picture, newWidth, newHeight, filter);

        Assert.NotEqual(byRows.Samples.ToArray(), byColumns.Samples.ToArray());
        Assert.Equal((columnsFirst ? byColumns : byRows).Samples.ToArray(), resized.Samples.ToArray());
    }

    [Fact]
    public void To_IsThePictureItself_WhenTheSizeIsTheSame()
    {
        var picture = TestPictures.Random(5, 6, seed: 1);

        Assert.Same(picture, PictureResize.To(picture, 5, 6, ResampleFilter.Lanczos));
    }

    // The textbook's sum in double precision, over all old samples of a row or column.
    private static IEnumerable<double> Exact(Picture picture, int width, int height, int filter)
    {
        var kernel = ResampleFilter.Of(filter)!;
        var alongRows = height == picture.Height;
        var (from, to) = alongRows ? (picture.Width, width) : (picture.Height, height);
        var widening = Math.Max(1, (double)from / to);
        for (var i = 0; i < width * height * 3; i++)
        {
            var (x, y, channel) = (i / 3 % width, i / 3 / width, i % 3);
            var center = ((alongRows ? x : y) + 0.5) * from / to;
            var weights = Enumerable.Range(0, from).Select(k => from == to ? (k == (alongRows ? x : y) ? 1 : 0) : kernel.Weight((k + 0.5 - center) / widening)).ToArray();
            var sum = weights.Select((weight, k) => weight * picture.Row(alongRows ? y : k)[((alongRows ? k : x) * 3) + channel]).Sum();
            yield return Math.Clamp(sum / weights.Sum(), 0, 255);
        }
    }

    private static Picture Gray(byte[] samples, int width, int height) => new(width, height, [.. samples.SelectMany(sample => new[] { sample, sample, sample })]);

    private static string Reds(Picture picture) => Convert.ToHexString([.. picture.Samples.ToArray().Where((_, i) => i % 3 == 0)]);
}
