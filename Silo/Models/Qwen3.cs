using XLLM.Silo.Models.Layers;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>Qwen3, dense: pre-norm decoder, grouped-query attention with a norm of every query and key head.</summary>
/// <remarks>Source: Qwen3 technical report (arXiv:2505.09388) section 2. Weight names are those of the published checkpoints.</remarks>
internal static class Qwen3
{
    /// <summary>Builds the model from its files.</summary>
    public static ICausalModel Create(ModelConfigReader file, Checkpoint checkpoint)
    {
        var config = DecoderConfig.Read(file);
        return new DecoderModel(config, checkpoint, Layer);

        IDecoderLayer Layer(int index, Checkpoint at)
        {
            var self = at.At("self_attn");
            var attention = new GroupedQueryAttention(self, index, config.HiddenSize, config.Heads, config.AttentionBias, config.AttentionBias)
            {
                QueryNorm = new(self.At("q_norm"), config.Heads.HeadSize, config.RmsNormEps),
                KeyNorm = new(self.At("k_norm"), config.Heads.HeadSize, config.RmsNormEps),
            };
            var feedForward = new GatedFeedForward(at.At("mlp"), config.HiddenSize, config.IntermediateSize, bias: false);
            return new PreNormLayer(config, at, attention, feedForward);
        }
    }
}
