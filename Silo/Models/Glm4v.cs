using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Layers;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>GLM-4.1V (GLM-4's decoder) and GLM-4.5V and 4.6V (GLM-4.5's), with pictures in front.</summary>
/// <remarks>Source: GLM-4.1V-Thinking and GLM-4.5V (arXiv:2507.01006). Weight names are those of the published checkpoints and of later exports.</remarks>
internal static class Glm4v
{
    /// <summary>Pairs of each axis, where a file has none.</summary>
    private static readonly int[] Sections = [8, 12, 12];

    private static readonly DecoderFamily Dense = new() { RmsNormEps = 1e-5, PartialRotaryFactor = 0.5 };

    /// <summary>Builds GLM-4.1V. Its query, key and value projections always have biases.</summary>
    public static ICausalModel Create(ModelConfigReader file, Checkpoint checkpoint)
    {
        var files = new MultimodalFile(file, Dense, checkpoint, encoderFirst: false);
        var config = files.ReadDecoder();
        var pictures = files.ReadPictures(config, CreateEncoder, interleaved: false, Sections);
        return new DecoderModel(config, checkpoint, (index, at) => Glm4.Layer(config, index, at, inputBias: true), pictures: pictures, at: files.Decoder);
    }

    /// <summary>Builds GLM-4.5V and 4.6V.</summary>
    public static ICausalModel CreateExperts(ModelConfigReader file, Checkpoint checkpoint)
    {
        var files = new MultimodalFile(file, Glm4Moe.Family, checkpoint, encoderFirst: false);
        var config = files.ReadDecoder();
        var experts = ExpertConfig.ReadDeepSeek(files.Text, ExpertScore.Sigmoid);
        var inputBias = files.Text.Flag("attention_bias", missing: true);
        var pictures = files.ReadPictures(config, CreateEncoder, interleaved: false, Sections);
        return new DecoderModel(config, checkpoint, (index, at) => Glm4Moe.Layer(config, experts, index, at, inputBias, normalizeHeads: false), pictures: pictures, at: files.Decoder);
    }

    private static GlmVisionEncoder CreateEncoder(ModelConfigReader section, int hidden, Checkpoint at) => new(section, hidden, at);
}
