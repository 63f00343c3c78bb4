using XLLM.Silo.Models.Layers;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>Qwen3, dense and mixture of experts: pre-norm decoder, grouped-query attention with a norm of every query and key head.</summary>
/// <remarks>Source: Qwen3 technical report (arXiv:2505.09388) section 2. Weight names are those of the published checkpoints.</remarks>
internal static class Qwen3
{
    /// <summary>Builds a dense model from its files.</summary>
    public static ICausalModel Create(ModelConfigReader file, Checkpoint checkpoint) => Create(DecoderConfig.Read(file), experts: null, checkpoint);

    /// <summary>Builds a mixture of experts from its files.</summary>
    public static ICausalModel CreateExperts(ModelConfigReader file, Checkpoint checkpoint) =>
        Create(DecoderConfig.Read(file), ExpertConfig.ReadQwen(file), checkpoint);

    /// <summary>One layer.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="index">Which.</param>
    /// <param name="at">Where its tensors are.</param>
    /// <param name="experts">Its experts; null: it is dense.</param>
    public static IDecoderLayer Layer(DecoderConfig config, int index, Checkpoint at, IFeedForward? experts)
    {
        var self = at.At("self_attn");
        var attention = new GroupedQueryAttention(self, index, config.HiddenSize, config.Heads, config.AttentionBias, config.AttentionBias)
        {
            QueryNorm = new(self.At("q_norm"), config.Heads.HeadSize, config.RmsNormEps),
            KeyNorm = new(self.At("k_norm"), config.Heads.HeadSize, config.RmsNormEps),
        };
        return new PreNormLayer(config, at, attention, experts ?? new GatedFeedForward(at.At("mlp"), config.HiddenSize, config.IntermediateSize, bias: false));
    }

    private static DecoderModel Create(DecoderConfig config, ExpertConfig? experts, Checkpoint checkpoint) => new(
        config, checkpoint, (index, at) => Layer(config, index, at, experts?.IsIn(index) == true ? new ExpertFeedForward(at.At("mlp"), config.HiddenSize, experts) : null));
}
