using XLLM.Silo.Models.Layers;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>Llama 1 to 3, and what is wired like it: Mistral without its window, and Qwen2, whose query, key and value projections always have biases.</summary>
/// <remarks>Source: Touvron et al. 2023 (arXiv:2302.13971); Qwen2 technical report (arXiv:2407.10671). Weight names are those of the published checkpoints.</remarks>
internal static class Llama
{
    /// <summary>Builds Llama or Mistral from its files.</summary>
    public static ICausalModel Create(ModelConfigReader file, Checkpoint checkpoint)
    {
        var config = DecoderConfig.Read(file);
        return Create(config, checkpoint, config.AttentionBias, config.AttentionBias);
    }

    /// <summary>Builds Qwen2 from its files.</summary>
    public static ICausalModel CreateQwen2(ModelConfigReader file, Checkpoint checkpoint) =>
        Create(DecoderConfig.Read(file), checkpoint, inputBias: true, outputBias: false);

    /// <summary>One layer.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="index">Which.</param>
    /// <param name="at">Where its tensors are.</param>
    /// <param name="inputBias">Whether the query, key and value projections have biases.</param>
    /// <param name="outputBias">Whether the output projection has one.</param>
    public static IDecoderLayer Layer(DecoderConfig config, int index, Checkpoint at, bool inputBias, bool outputBias) => new PreNormLayer(
        config,
        at,
        new GroupedQueryAttention(at.At("self_attn"), index, config.HiddenSize, config.Heads, inputBias, outputBias),
        new GatedFeedForward(at.At("mlp"), config.HiddenSize, config.IntermediateSize, config.MlpBias));

    private static DecoderModel Create(DecoderConfig config, Checkpoint checkpoint, bool inputBias, bool outputBias) =>
        new(config, checkpoint, (index, at) => Layer(config, index, at, inputBias, outputBias));
}
