using XLLM.Silo.Vision;

namespace XLLM.Silo.Tests.Vision;

public sealed class PictureTokenTests
{
    private const int Placeholder = 9;

    [Fact]
    public void Expand_RepeatsEachPlaceholder_ForItsPicture()
    {
        var (tokens, pictures) = PicturePlaceholders.Expand([1, 9, 2, 9], Placeholder, [new(1, 4, 2), new(1, 2, 2)], mergeSize: 2);

        Assert.Equal([1, 9, 9, 2, 9], tokens);
        Assert.Equal([1, 4], pictures.Select(picture => picture.FirstToken));
        Assert.Equal([2, 1], pictures.Select(picture => picture.Tokens));
    }

    [Fact]
    public void Expand_RefusesAPrompt_WithOtherPlacesThanPictures()
    {
        var fault = Assert.Throws<PictureException>(() => PicturePlaceholders.Expand([1, 9, 9], Placeholder, [new(1, 2, 2)], mergeSize: 2));

        Assert.Equal("the prompt has 2 places for pictures, but 1 pictures came with it", fault.Message);
    }

    [Theory]
    [InlineData(new[] { 1, 9, 9, 2 }, "has tokens of 1 pictures, but 2")]
    [InlineData(new[] { 9, 9, 2, 9, 9, 9 }, "picture 2 has 4 tokens, but the prompt has 3 places for it at token 3")]
    [InlineData(new[] { 9, 9, 2, 9, 9, 9, 9, 9 }, "1 places for pictures more")]
    public void Locate_RefusesAPrompt_ThatIsNotOfThesePictures(int[] tokens, string expected) =>
        Assert.Contains(
            expected,
            Assert.Throws<PictureException>(() => PicturePlaceholders.Locate(tokens, Placeholder, [new(1, 2, 4), new(1, 4, 4)], mergeSize: 2)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void RotaryPositions_CountText_AndSpreadPicturesOverRowsAndColumns()
    {
        // Two words, a picture of 2 rows and 3 columns of tokens, two words.
        var positions = RotaryPositions.Of(10, [new PicturePlacement(2, new PictureGrid(1, 4, 6), 2)]);

        Assert.Equal([0, 1, 2, 2, 2, 2, 2, 2, 5, 6], positions.Axis(0).ToArray());
        Assert.Equal([0, 1, 2, 2, 2, 3, 3, 3, 5, 6], positions.Axis(1).ToArray());
        Assert.Equal([0, 1, 2, 3, 4, 2, 3, 4, 5, 6], positions.Axis(2).ToArray());
        Assert.Equal(-3, positions.Delta);
        Assert.Equal((7, 3, 8), (positions.At(0, 10), positions.At(1, 5), positions.At(2, 11)));
    }

    [Fact]
    public void RotaryPositions_OfText_AreItsIndices()
    {
        var positions = RotaryPositions.Of(3, []);

        Assert.Equal([0, 1, 2, 0, 1, 2, 0, 1, 2], positions.All.ToArray());
        Assert.Equal(0, positions.Delta);
    }

    [Theory]
    [InlineData(5, 3)]
    [InlineData(-1, 3)]
    [InlineData(1, 2)]
    public void RotaryPositions_RefusePictures_OutsideThePromptOrInsideAnother(int first, int second) =>
        Assert.Throws<ArgumentException>(() => RotaryPositions.Of(8, [new PicturePlacement(first, new(1, 4, 4), 2), new PicturePlacement(second, new(1, 4, 4), 2)]));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void AnyPromptWithPictures_IsFoundAgain_AndItsPositionsNeverGoBack(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var merge = random.Next(1, 4);
            var grids = Enumerable.Range(0, random.Next(0, 5)).Select(_ => new PictureGrid(1, merge * random.Next(1, 6), merge * random.Next(1, 6))).ToArray();
            var prompt = grids.SelectMany(_ => Enumerable.Range(0, random.Next(0, 4)).Select(_ => random.Next(9)).Append(Placeholder)).Concat([1, 2]).ToArray();

            var (tokens, pictures) = PicturePlaceholders.Expand(prompt, Placeholder, grids, merge);
            var positions = RotaryPositions.Of(tokens.Length, pictures);

            Assert.Equal(pictures, PicturePlaceholders.Locate(tokens, Placeholder, grids, merge));
            Assert.Equal(tokens.Count(token => token == Placeholder), pictures.Sum(picture => picture.Tokens));
            Assert.Equal(positions.All.ToArray().Max() + 1 - tokens.Length, positions.Delta);
            Assert.True(positions.Delta <= 0);
            var time = positions.Axis(0).ToArray();
            Assert.All(time.Zip(time.Skip(1)), pair => Assert.True(pair.First <= pair.Second));
            for (var token = 0; token < tokens.Length; token++)
            {
                if (tokens[token] != Placeholder)
                {
                    Assert.Equal((time[token], time[token]), (positions.At(1, token), positions.At(2, token)));
                }
            }
        }
    }
}
