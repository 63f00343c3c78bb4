using System.Text;
using XLLM.Silo.Vision;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Vision;

public sealed class PictureProcessorConfigReaderTests
{
    [Fact]
    public void Parse_TakesTheProcessorsDefaults_ForWhatIsLeftOut()
    {
        var qwen = Parse("""{"image_processor_type": "Qwen2VLImageProcessorFast"}""");
        var glm = Parse("""{"image_processor_type": "Glm46VImageProcessor"}""");

        Assert.Equal((14, 2, 2, 3136, 1_003_520), (qwen.PatchSize, qwen.MergeSize, qwen.TemporalPatchSize, qwen.MinPixels, qwen.MaxPixels));
        Assert.Equal((12_544, 11_760_000), (glm.MinPixels, glm.MaxPixels));
        Assert.Same(ResampleFilter.Bicubic, qwen.Resample);
        Assert.Equal(1 / 255.0, qwen.Rescale);
        Assert.Equal([0.48145466f, 0.4578275f, 0.40821073f], qwen.Normalize!.Value.Mean);
    }

    [Theory]
    [InlineData("""{"image_processor_type": "Qwen2VLImageProcessor", "min_pixels": 100, "max_pixels": 2000}""", 100, 2000)]
    [InlineData("""{"image_processor_type": "Qwen2VLImageProcessor", "size": {"shortest_edge": 100, "longest_edge": 2000}}""", 100, 2000)]
    [InlineData("""{"image_processor_type": "Qwen2VLImageProcessor", "size": {"min_pixels": 100, "max_pixels": 2000}}""", 100, 2000)]
    [InlineData("""{"image_processor_type": "Qwen2VLImageProcessor", "max_pixels": 2000, "size": {"shortest_edge": 100, "longest_edge": 3000}}""", 100, 2000)]
    [InlineData("""{"image_processor": {"image_processor_type": "Qwen2VLImageProcessorPil", "min_pixels": 100, "max_pixels": 2000}}""", 100, 2000)]
    public void Parse_FindsTheLimits_UnderEveryNameTheyHad(string json, int least, int most)
    {
        var config = Parse(json);

        Assert.Equal((least, most), (config.MinPixels, config.MaxPixels));
    }

    [Fact]
    public void Parse_SwitchesSteps_OffAndOver()
    {
        var config = Parse("""{"image_processor_type": "Qwen2VLImageProcessor", "do_resize": false, "do_rescale": false, "do_normalize": false}""");
        Assert.Equal((null, null, null), (config.Resample, config.Rescale, config.Normalize?.Mean));

        config = Parse("""{"image_processor_type": "Qwen2VLImageProcessor", "resample": 1, "image_mean": 0.5, "image_std": [1, 2, 3], "rescale_factor": 0.25}""");
        Assert.Same(ResampleFilter.Lanczos, config.Resample);
        Assert.Equal(0.25, config.Rescale);
        Assert.Equal([0.5f, 0.5f, 0.5f], config.Normalize!.Value.Mean);
        Assert.Equal([1f, 2f, 3f], config.Normalize!.Value.Deviation);
    }

    [Fact]
    public void Parse_NamesEveryFault()
    {
        var fault = Assert.Throws<PictureConfigException>(() => Parse(
            """{"image_processor_type": "Qwen2VLImageProcessor", "patch_size": 0, "merge_size": "2", "resample": 0, "min_pixels": 9, "max_pixels": 8, "image_std": [1, 0, 1], "image_mean": [1, 2], "do_rescale": 1, "rescale_factor": -1}"""));

        string[] expected = ["test: patch_size is 0; it must be a whole number from 1 to 256", "merge_size is \"2\"", "resample is 0", "fewest pixels 9 are more than most pixels 8", "image_std has a 0", "image_mean is [1, 2]; it must be one number or 3", "do_rescale is 1; it must be true or false", "rescale_factor is -1"];
        Assert.All(expected, part => Assert.Contains(part, fault.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"image_processor_type": "CLIPImageProcessor"}""", "\"CLIPImageProcessor\"; known are Qwen2VLImageProcessor")]
    [InlineData("{}", "image_processor_type is missing")]
    [InlineData("[]", "must be a JSON object")]
    [InlineData("{", "no JSON")]
    public void Parse_SaysWhatIsWrong(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<PictureConfigException>(() => Parse(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void Read_TakesThePublishedSettings()
    {
        if (Paths.TryShared("data", "configs", "hf-dirs") is not { } folder)
        {
            Assert.Skip("../shared/data/configs/hf-dirs is missing");
            return;
        }

        var qwen3 = PictureProcessorConfigReader.Read(Path.Combine(folder, "Qwen3-VL-4B"));
        var glm = PictureProcessorConfigReader.Read(Path.Combine(folder, "GLM-4.1V-9B"));
        var qwen2 = PictureProcessorConfigReader.Read(Path.Combine(folder, "Qwen2-VL-2B-AWQ"));

        Assert.Equal((32, 65_536, 16_777_216, 0.5f), (qwen3.Unit, qwen3.MinPixels, qwen3.MaxPixels, qwen3.Normalize!.Value.Mean[0]));
        Assert.Equal((28, 12_544, 9_633_792, typeof(GlmSizing)), (glm.Unit, glm.MinPixels, glm.MaxPixels, glm.Sizing.GetType()));
        Assert.Equal((28, 3_136, 1_003_520), (qwen2.Unit, qwen2.MinPixels, qwen2.MaxPixels));
    }

    [Fact]
    public void Read_NamesTheFiles_ThatAreMissing() =>
        Assert.Contains("preprocessor_config.json", Assert.Throws<PictureConfigException>(() => PictureProcessorConfigReader.Read(AppContext.BaseDirectory)).Message, StringComparison.Ordinal);

    private static PictureProcessorConfig Parse(string json) => PictureProcessorConfigReader.Parse(Encoding.UTF8.GetBytes(json), "test");
}
