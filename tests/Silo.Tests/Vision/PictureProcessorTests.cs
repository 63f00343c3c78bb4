using System.Text;
using SkiaSharp;
using XLLM.Silo.Vision;

namespace XLLM.Silo.Tests.Vision;

public sealed class PictureProcessorTests
{
    // Patches of one pixel, tokens of 2 x 2, two frames: small enough to write down. A sample stays as it is.
    private const string Plain = """{"image_processor_type": "Qwen2VLImageProcessor", "patch_size": 1, "merge_size": 2, "do_resize": false, "do_rescale": false, "do_normalize": false}""";

    [Fact]
    public void Process_PutsThePatchesOfATokenTogether_AndRepeatsTheFrame()
    {
        // Reds count from 0 by rows, greens are 100 more, blues 200 more.
        var picture = new Picture(4, 2, [.. Enumerable.Range(0, 8).SelectMany(i => new[] { (byte)i, (byte)(100 + i), (byte)(200 + i) })]);

        var processed = Processor(Plain).Process(picture);

        Assert.Equal(new PictureGrid(1, 2, 4), processed.Grid);
        Assert.Equal(2, processed.Tokens);
        int[] order = [0, 1, 4, 5, 2, 3, 6, 7];
        Assert.Equal(order.SelectMany(i => new float[] { i, i, 100 + i, 100 + i, 200 + i, 200 + i }), processed.PixelValues);
    }

    [Fact]
    public void Process_RescalesThenNormalizes()
    {
        var settings = """{"image_processor_type": "Qwen2VLImageProcessor", "patch_size": 1, "merge_size": 1, "temporal_patch_size": 1, "do_resize": false, "rescale_factor": 0.5, "image_mean": [1, 2, 3], "image_std": [2, 4, 8]}""";

        var processed = Processor(settings).Process(new Picture(1, 1, [10, 20, 30]));

        Assert.Equal([2f, 2f, 1.5f], processed.PixelValues);
    }

    [Fact]
    public void Process_RefusesASize_ThatMayNotBeChangedAndDoesNotFit()
    {
        var fault = Assert.Throws<PictureException>(() => Processor(Plain).Process(TestPictures.Random(4, 3, seed: 1)));

        Assert.Contains("4 x 3", fault.Message, StringComparison.Ordinal);
        Assert.Contains("multiples of 2", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Qwen2VLImageProcessor", 14)]
    [InlineData("Qwen2VLImageProcessor", 16)]
    [InlineData("Glm4vImageProcessor", 14)]
    public void GridOf_KnowsTheTokens_BeforeThePictureIsDecoded(string type, int patch)
    {
        var processor = Processor($$"""{"image_processor_type": "{{type}}", "patch_size": {{patch}}, "min_pixels": 5000, "max_pixels": 40000}""");
        var random = new Random(patch);
        for (var round = 0; round < 40; round++)
        {
            var picture = TestPictures.Random(random.Next(1, 300), random.Next(2, 300), round);

            var processed = processor.Process(picture);

            Assert.Equal(processor.GridOf(picture.Width, picture.Height), processed.Grid);
            Assert.Equal(processed.Grid.Patches * 3 * 2 * patch * patch, processed.PixelValues.Length);
            Assert.Equal(processed.Grid.Height / 2 * (processed.Grid.Width / 2), processed.Tokens);
        }
    }

    [Fact]
    public void Hash_IsTheSame_ForTheSamePictureInAnotherFile()
    {
        var processor = Processor("""{"image_processor_type": "Qwen2VLImageProcessor"}""");
        var picture = TestPictures.Random(60, 60, seed: 1);

        var hash = processor.Process(TestPictures.Png(picture)).Hash;

        Assert.Equal(hash, processor.Process(TestPictures.Bmp(picture)).Hash);
        Assert.Equal(hash, processor.Process(TestPictures.Encode(picture, SKEncodedImageFormat.Png)).Hash);
    }

    [Fact]
    public void Hash_Differs_ByEverythingTheEncoderSees()
    {
        var samples = new byte[2 * 8 * 3];
        string[] settings =
        [
            Plain,
            Plain.Replace("\"patch_size\": 1", "\"patch_size\": 2", StringComparison.Ordinal).Replace("\"merge_size\": 2", "\"merge_size\": 1", StringComparison.Ordinal),
            Plain.Replace("\"merge_size\": 2", "\"merge_size\": 1", StringComparison.Ordinal),
            Plain.Replace("\"do_normalize\": false", "\"do_normalize\": true", StringComparison.Ordinal),
            Plain.Replace("\"do_resize\"", "\"temporal_patch_size\": 1, \"do_resize\"", StringComparison.Ordinal),
        ];

        var hashes = settings.Select(json => Processor(json).Process(new Picture(8, 2, samples)).Hash)
            .Append(Processor(Plain).Process(new Picture(4, 4, samples)).Hash)
            .Append(Processor(Plain).Process(new Picture(2, 8, samples)).Hash)
            .Append(Processor(Plain).Process(new Picture(8, 2, [.. samples[..^1], 1])).Hash)
            .ToArray();

        Assert.Equal(hashes.Length, hashes.Distinct().Count());
        Assert.Equal(32, hashes[0].ToString().Length);
    }

    [Fact]
    public void ProcessAll_NamesThePicture_ThatCannotBeUsed()
    {
        var good = TestPictures.Png(TestPictures.Random(30, 30, seed: 1));
        var processor = Processor("""{"image_processor_type": "Qwen2VLImageProcessor"}""");

        var fault = Assert.Throws<PictureException>(() => processor.ProcessAll([good, good.AsMemory(0, 60), good]));

        Assert.StartsWith("picture 2 of 3: the PNG picture ends early", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ProcessAll_RefusesTooManyPictures()
    {
        var good = TestPictures.Png(TestPictures.Random(30, 30, seed: 1));
        var processor = new PictureProcessor(PictureProcessorConfigReader.Parse(Encoding.UTF8.GetBytes(Plain), "test"), new PictureOptions { MaxPictures = 2 });

        Assert.Equal("the request has 3 pictures; at most 2 are allowed", Assert.Throws<PictureException>(() => processor.ProcessAll([good, good, good])).Message);
    }

    [Fact]
    public void Options_NameEveryFault()
    {
        Assert.Empty(new PictureOptions().Faults());

        var fault = Assert.Throws<ArgumentException>(() => new PictureProcessor(
            PictureProcessorConfigReader.Parse(Encoding.UTF8.GetBytes(Plain), "test"), new PictureOptions { MaxBytes = 0, MaxPixels = -1, MaxPictures = 10_001 }));

        Assert.All(new[] { "MaxBytes is 0", "MaxPixels is -1", "MaxPictures is 10001" }, part => Assert.Contains(part, fault.Message, StringComparison.Ordinal));
    }

    private static PictureProcessor Processor(string json) => new(PictureProcessorConfigReader.Parse(Encoding.UTF8.GetBytes(json), "test"), new PictureOptions());
}
