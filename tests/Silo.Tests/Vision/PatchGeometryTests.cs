using XLLM.Silo.Vision;

namespace XLLM.Silo.Tests.Vision;

/// <summary>Where patches lie: positions, windows, and how tables of position embeddings are stretched over them.</summary>
public sealed class PatchGeometryTests
{
    [Fact]
    public void Positions_GoTokenByToken_AndRowByRowInsideAToken()
    {
        var positions = PatchPositions.Of(new PictureGrid(1, 4, 6), mergeSize: 2);

        Assert.Equal([0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3, 2, 2, 3, 3], positions[..24]);
        Assert.Equal([0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5], positions[24..]);
    }

    [Fact]
    public void Positions_OfFrames_Repeat()
    {
        var positions = PatchPositions.Of(new PictureGrid(2, 2, 4), mergeSize: 2);

        Assert.Equal(positions[..8], positions[8..16]);
        Assert.Equal(positions[16..24], positions[24..]);
        Assert.Equal([0, 8, 16], PatchPositions.Frames(new PictureGrid(2, 2, 4)));
    }

    [Fact]
    public void Windows_AreSquares_AndSmallerAtTheEdges()
    {
        // 3 x 5 tokens in windows of 2 x 2: two rows of three windows.
        var windows = AttentionWindows.Of(new PictureGrid(1, 6, 10), mergeSize: 2, side: 2);

        Assert.Equal([0, 1, 5, 6, 2, 3, 7, 8, 4, 9, 10, 11, 12, 13, 14], windows.Order);
        Assert.Equal([0, 4, 8, 10, 12, 14, 15], windows.Starts);
        Assert.Equal(Enumerable.Range(0, 15), windows.Order.Select(token => windows.Order[windows.Places[token]]).Order());
        Assert.All(Enumerable.Range(0, 15), token => Assert.Equal(token, windows.Order[windows.Places[token]]));
    }

    [Fact]
    public void AWindowAsLargeAsThePicture_IsThePicture()
    {
        var windows = AttentionWindows.Of(new PictureGrid(2, 4, 6), mergeSize: 2, side: 9);

        Assert.Equal(Enumerable.Range(0, 12), windows.Order);
        Assert.Equal([0, 6, 12], windows.Starts);
    }

    [Fact]
    public void BilinearTaps_PutTheTablesCornersOnThePicturesCorners()
    {
        // 2 x 4 patches over a table of 4 x 4: columns fall on its entries, the two rows on its first and last.
        var taps = TableTaps.Bilinear(new PictureGrid(1, 2, 4), mergeSize: 2, side: 4);

        Assert.Equal([0, 1, 12, 13, 2, 3, 14, 15], Heaviest(taps));
        Assert.All(taps.Weights.Chunk(4), weights => Assert.Equal(1, weights.Sum(), 6));
    }

    [Fact]
    public void BilinearTaps_MixFourEntries_BetweenThem()
    {
        // 2 patches in a row over 3 entries and 4 over 3: column 1 of 4 lies at 2/3.
        var taps = TableTaps.Bilinear(new PictureGrid(1, 2, 4), mergeSize: 2, side: 3);

        Assert.Equal([0, 1, 3, 4], taps.Entries[4..8]);
        float[] expected = [1 / 3f, 2 / 3f, 0, 0];
        Assert.All(expected.Zip(taps.Weights[4..8]), pair => Assert.Equal(pair.First, pair.Second, 6));
    }

    [Fact]
    public void BicubicTaps_ReadTheTableAsItIs_WhereThePictureIsAsLarge()
    {
        var taps = TableTaps.Bicubic(new PictureGrid(1, 4, 4), mergeSize: 2, side: 4);

        Assert.Equal([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15], Heaviest(taps));
        Assert.All(taps.Weights.Chunk(16), weights => Assert.Equal((1f, 1f), (weights.Max(), weights.Sum())));
    }

    [Fact]
    public void BicubicTaps_SumToOne_AndStayInsideTheTable()
    {
        var taps = TableTaps.Bicubic(new PictureGrid(1, 6, 10), mergeSize: 2, side: 4);

        Assert.Equal(60 * 16, taps.Entries.Length);
        Assert.All(taps.Entries, entry => Assert.InRange(entry, 0, 15));
        Assert.All(taps.Weights.Chunk(16), weights => Assert.Equal(1, weights.Sum(), 5));
        Assert.Contains(taps.Weights, weight => weight < 0);       // the kernel overshoots: it is not bilinear
    }

    /// <summary>The entry with the largest weight of each patch.</summary>
    private static int[] Heaviest(TableTaps taps) =>
        [.. taps.Entries.Chunk(taps.Taps).Zip(taps.Weights.Chunk(taps.Taps), (entries, weights) => entries[Array.IndexOf(weights, weights.Max())])];
}
