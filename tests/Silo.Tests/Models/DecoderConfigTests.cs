using System.Text.Json.Nodes;
using XLLM.Silo.Models;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Tests.Models;

public sealed class DecoderConfigTests
{
    [Fact]
    public void Read_FillsInWhatOldFilesLeaveOut()
    {
        var tiny = TinyModel.Llama().With("hidden_size", 32);
        foreach (var name in new[] { "head_dim", "num_key_value_heads", "rope_theta", "tie_word_embeddings", "attention_bias", "mlp_bias" })
        {
            tiny.Config.Remove(name);
        }

        var config = DecoderConfig.Read(tiny.Reader());

        Assert.Equal(new(4, 4, 8), config.Heads);
        Assert.Equal(10_000, config.Rope.Theta);
        Assert.False(config.TieWordEmbeddings || config.AttentionBias || config.MlpBias);
    }

    [Theory]
    [InlineData("hidden_size", "null", "\"hidden_size\" is missing")]
    [InlineData("hidden_size", "-64", "\"hidden_size\" is -64")]
    [InlineData("num_hidden_layers", "0", "\"num_hidden_layers\" is 0")]
    [InlineData("num_hidden_layers", "1000000", "\"num_hidden_layers\" is 1000000; expected a number from 1 to 4096")]
    [InlineData("num_key_value_heads", "3", "\"num_key_value_heads\" is 3, which does not divide num_attention_heads 4")]
    [InlineData("head_dim", "7", "\"head_dim\" is 7")]
    [InlineData("vocab_size", "\"many\"", "\"vocab_size\" is \"many\"")]
    [InlineData("rms_norm_eps", "-1e-6", "\"rms_norm_eps\" is -1e-6")]
    [InlineData("rope_theta", "0", "\"rope_theta\" is 0")]
    [InlineData("rope_scaling", "{\"type\":\"linear\"}", "\"rope_scaling.factor\" is missing")]
    [InlineData("rope_scaling", "{\"rope_type\":\"llama3\",\"factor\":8,\"low_freq_factor\":4,\"high_freq_factor\":1,\"original_max_position_embeddings\":64}", "\"rope_scaling.high_freq_factor\" is 1, which is not above low_freq_factor 4")]
    public void Read_NamesFieldAndValue_WhenOneIsMissingOrAbsurd(string field, string value, string expected)
    {
        var tiny = TinyModel.Qwen3().With(field, JsonNode.Parse(value));

        var exception = Assert.Throws<CheckpointException>(() => DecoderConfig.Read(tiny.Reader()));

        Assert.Contains($"config.json: {expected}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NeedsHeadsThatDivideTheColumns_WhenThereIsNoHeadSize()
    {
        var tiny = TinyModel.Llama().With("head_dim", null).With("hidden_size", 30);

        Assert.Contains("\"hidden_size\" is 30, which num_attention_heads 4 does not divide", Assert.Throws<CheckpointException>(() => DecoderConfig.Read(tiny.Reader())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rope_scaling", "{\"rope_type\":\"dynamic\",\"factor\":2}", "is \"dynamic\"; supported: default, linear, llama3, yarn")]
    [InlineData("rope_parameters", "{\"full_attention\":{\"rope_theta\":10000.0,\"rope_type\":\"default\"}}", "one set of rotary parameters for all layers")]
    [InlineData("hidden_act", "\"gelu\"", "is \"gelu\"; supported: silu")]
    [InlineData("use_sliding_window", "true", "sliding-window attention is not supported")]
    [InlineData("sliding_window", "64", "is 64: sliding-window attention is not supported")]
    [InlineData("layer_types", "[\"full_attention\",\"sliding_attention\"]", "names \"sliding_attention\"")]
    public void Read_SaysWhatIsNotSupported(string field, string value, string expected)
    {
        var tiny = TinyModel.Qwen3().With(field, JsonNode.Parse(value));

        Assert.Contains(expected, Assert.Throws<UnsupportedModelException>(() => DecoderConfig.Read(tiny.Reader())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_IgnoresAWindowThatIsSwitchedOff_OrAsLongAsTheContext()
    {
        DecoderConfig.Read(TinyModel.Qwen2().With("sliding_window", 64).With("use_sliding_window", false).Reader());
        DecoderConfig.Read(TinyModel.Llama().With("sliding_window", 256).Reader());
    }

    [Fact]
    public void MaxContext_IsWhatYarnStretchesTo_OrWhatTheFileSays()
    {
        var yarn = new JsonObject { ["rope_type"] = "yarn", ["factor"] = 4, ["original_max_position_embeddings"] = 128 };

        Assert.Equal(256, DecoderConfig.Read(TinyModel.Qwen3().Reader()).MaxContext);
        Assert.Equal(512, DecoderConfig.Read(TinyModel.Qwen3().With("rope_scaling", yarn.DeepClone()).Reader()).MaxContext);
        Assert.Equal(1024, DecoderConfig.Read(TinyModel.Qwen3().With("rope_scaling", yarn).With("max_position_embeddings", 1024).Reader()).MaxContext);
    }
}
