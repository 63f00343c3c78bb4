using XLLM.Silo.Models.Layers;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>Qwen2-VL, Qwen2.5-VL (and VLM-R1, which is wired like it), Qwen3-VL and its mixture of experts: the text families' decoders, with pictures in front.</summary>
/// <remarks>Sources: Qwen2-VL (arXiv:2409.12191), Qwen2.5-VL (arXiv:2502.13923), Qwen3-VL (arXiv:2511.21631). Weight names are those of the published checkpoints and of later exports.</remarks>
internal static class QwenVl
{
    /// <summary>Qwen3-VL's pairs of each axis, where a file has none.</summary>
    private static readonly int[] Sections3 = [24, 20, 20];

    /// <summary>Builds Qwen2-VL.</summary>
    public static ICausalModel Create2(ModelConfigReader file, Checkpoint checkpoint) => Create(file, checkpoint, Qwen2VisionEncoder.Create2);

    /// <summary>Builds Qwen2.5-VL.</summary>
    public static ICausalModel Create25(ModelConfigReader file, Checkpoint checkpoint) => Create(file, checkpoint, Qwen2VisionEncoder.Create25);

    /// <summary>Builds Qwen3-VL.</summary>
    public static ICausalModel Create3(ModelConfigReader file, Checkpoint checkpoint) => Create3(file, checkpoint, _ => null);

    /// <summary>Builds Qwen3-VL with experts.</summary>
    public static ICausalModel Create3Experts(ModelConfigReader file, Checkpoint checkpoint) => Create3(file, checkpoint, ReadExperts);

    private static DecoderModel Create(ModelConfigReader file, Checkpoint checkpoint, Func<ModelConfigReader, int, Checkpoint, IPictureEncoder> encoder)
    {
        var files = new MultimodalFile(file, DecoderFamily.Common, checkpoint, encoderFirst: true);
        var config = files.ReadDecoder();
        var pictures = files.ReadPictures(config, encoder, interleaved: false);
        return new DecoderModel(config, checkpoint, (index, at) => Llama.Layer(config, index, at, inputBias: true, outputBias: false), pictures: pictures, at: files.Decoder);
    }

    private static DecoderModel Create3(ModelConfigReader file, Checkpoint checkpoint, Func<ModelConfigReader, ExpertConfig?> readExperts)
    {
        var files = new MultimodalFile(file, DecoderFamily.Common, checkpoint, encoderFirst: false);
        var config = files.ReadDecoder();
        var experts = readExperts(files.Text);
        var pictures = files.ReadPictures(config, (section, hidden, at) => new Qwen3VisionEncoder(section, hidden, at), interleaved: true, Sections3);
        return new DecoderModel(
            config,
            checkpoint,
            (index, at) => Qwen3.Layer(config, index, at, experts?.IsIn(index) == true ? new StackedExpertFeedForward(at.At("mlp"), config.HiddenSize, experts) : null),
            pictures: pictures,
            at: files.Decoder);
    }

    /// <summary>As the text family's, but the chosen experts' weights always have the sum 1: the published code has no option there.</summary>
    private static ExpertConfig ReadExperts(ModelConfigReader text)
    {
        var config = ExpertConfig.ReadQwen(text);
        return config with { Routing = config.Routing with { Normalize = true } };
    }
}
