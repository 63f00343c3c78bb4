using XLLM.Silo.Vision;

namespace XLLM.Silo.Tests.Vision;

public sealed class PictureSizingTests
{
    [Theory]
    [InlineData("Qwen2VLImageProcessor", 56, 84, 56, 84)]               // fits already
    [InlineData("Qwen2VLImageProcessor", 70, 98, 56, 112)]              // 2.5 and 3.5 units: halves go to even
    [InlineData("Qwen2VLImageProcessor", 1, 1, 56, 56)]                 // grows to the fewest pixels
    [InlineData("Qwen2VLImageProcessor", 10, 200, 28, 252)]             // sqrt(3136 / 2000) = 1.252: 12.5 and 250.4, up to the unit
    [InlineData("Qwen2VLImageProcessor", 4000, 3000, 1148, 840)]        // sqrt(12e6 / 1003520) = 3.458: 1156.7 and 867.5, down to the unit
    [InlineData("Glm4vImageProcessor", 14, 14, 84, 84)]                 // 28 x 28 first; 2 * 784 < 12544: sqrt(12544 / 1568) = 2.83: 79.2, up
    [InlineData("Glm4vImageProcessor", 112, 112, 112, 112)]             // 2 * 12544 pixels fit
    [InlineData("Glm4vImageProcessor", 4000, 3000, 2800, 2100)]         // 2 * 12e6 over 11.76e6: sqrt = 10 / 7: exactly 2800 and 2100
    public void SizeFor_FollowsTheFamilysRule(string processor, int width, int height, int expectedWidth, int expectedHeight)
    {
        var config = Config(processor);

        Assert.Equal((expectedWidth, expectedHeight), config.Sizing.SizeFor(width, height, config));
    }

    [Theory]
    [InlineData("Qwen2VLImageProcessor", 2001, 10)]
    [InlineData("Qwen2VLImageProcessor", 10, 2001)]
    [InlineData("Glm4vImageProcessor", 1, 60_000)]
    public void SizeFor_RefusesPicturesThatAreOneLine(string processor, int width, int height)
    {
        var config = Config(processor);

        var fault = Assert.Throws<PictureException>(() => config.Sizing.SizeFor(width, height, config));

        Assert.Contains($"{width} x {height}", fault.Message, StringComparison.Ordinal);
        Assert.Contains("200", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Qwen2VLImageProcessor")]
    [InlineData("Glm4vImageProcessor")]
    public void SizeFor_StaysWithinTheLimits_AndOnTheUnit_ForEveryPicture(string processor)
    {
        var config = Config(processor);
        var random = new Random(3);
        for (var round = 0; round < 20_000; round++)
        {
            var width = (int)Math.Exp(random.NextDouble() * 9);
            var height = Math.Clamp((int)(width * Math.Exp((random.NextDouble() * 10) - 5)), Math.Max(1, (width / 200) + 1), width * 200);

            var size = config.Sizing.SizeFor(width, height, config);

            Assert.Equal((0, 0), (size.Width % config.Unit, size.Height % config.Unit));
            var pixels = (long)size.Width * size.Height * (processor.StartsWith("Glm", StringComparison.Ordinal) ? config.TemporalPatchSize : 1);
            Assert.InRange(pixels, config.MinPixels, config.MaxPixels);
        }
    }

    private static PictureProcessorConfig Config(string processor) =>
        PictureProcessorConfigReader.Parse(System.Text.Encoding.UTF8.GetBytes($$"""{"image_processor_type": "{{processor}}"}"""), "test");
}
