using XLLM.Silo.Vision;

namespace XLLM.Silo.Tests.Vision;

public sealed class VisionGoldenTests(ITestOutputHelper output)
{
    public static TheoryData<string, int> Cases => new(VisionGolden.Names.SelectMany(name => new[] { (name, 1), (name, 2) }));

    [Theory]
    [MemberData(nameof(Cases))]
    public void ProcessAll_GivesThePixelValuesOfTheReference(string name, int prompt)
    {
        var golden = VisionGolden.Open(name);
        var processor = new PictureProcessor(golden.Config, new PictureOptions());

        var pictures = processor.ProcessAll(golden.Pictures(prompt));

        Assert.Equal(golden.Grids(prompt), pictures.Select(picture => picture.Grid));
        var expected = golden.PixelValues(prompt);
        float[] actual = [.. pictures.SelectMany(picture => picture.PixelValues)];
        Assert.Equal(expected.Length, actual.Length);
        var worst = expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max();
        output.WriteLine($"{name}, prompt {prompt}: {actual.Length} values, worst difference {worst}");
        Assert.Equal(0, worst);                                         // the tolerance of the set is a mean of 0.01; byte for byte is what the resize promises
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ExpandedPrompt_IsThatOfTheReference(string name, int prompt)
    {
        var golden = VisionGolden.Open(name);
        var processor = new PictureProcessor(golden.Config, new PictureOptions());
        var expected = golden.InputIds(prompt);
        var collapsed = expected.Where((token, i) => token != golden.Placeholder || expected[i - 1] != golden.Placeholder).ToArray();
        var grids = processor.ProcessAll(golden.Pictures(prompt)).Select(picture => picture.Grid).ToArray();

        var (tokens, pictures) = PicturePlaceholders.Expand(collapsed, golden.Placeholder, grids, processor.MergeSize);

        Assert.Equal(expected, tokens);
        Assert.Equal(pictures, PicturePlaceholders.Locate(expected, golden.Placeholder, grids, processor.MergeSize));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void RotaryPositions_AreThoseOfTheReference(string name, int prompt)
    {
        var golden = VisionGolden.Open(name);
        var tokens = golden.InputIds(prompt);
        var pictures = PicturePlaceholders.Locate(tokens, golden.Placeholder, golden.Grids(prompt), golden.Config.MergeSize);

        var positions = RotaryPositions.Of(tokens.Length, pictures);

        Assert.Equal(golden.PositionIds(prompt), positions.All.ToArray());
        Assert.Equal(golden.PositionIds(prompt).Max() + 1 - tokens.Length, positions.Delta);
    }
}
