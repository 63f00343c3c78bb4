using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Layers;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>GLM-4 (0414): a decoder with a norm before and after attention and feed-forward, half of each head rotated in neighbouring pairs.</summary>
/// <remarks>Source: the published checkpoints THUDM/GLM-4-9B-0414 and their reference implementation. Weight names are those of the checkpoints.</remarks>
internal static class Glm4
{
    /// <summary>Builds the model from its files.</summary>
    public static ICausalModel Create(ModelConfigReader file, Checkpoint checkpoint)
    {
        var config = DecoderConfig.Read(file, new DecoderFamily { RmsNormEps = 1.5625e-7, PartialRotaryFactor = 0.5 });
        return new DecoderModel(config, checkpoint, (index, at) => Layer(config, index, at, config.AttentionBias));
    }

    /// <summary>One layer.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="index">Which.</param>
    /// <param name="at">Where its tensors are.</param>
    /// <param name="inputBias">Whether the query, key and value projections have biases.</param>
    public static IDecoderLayer Layer(DecoderConfig config, int index, Checkpoint at, bool inputBias) => new SandwichLayer(config, index, at, inputBias);

    /// <summary>hidden += norm(attention(norm(hidden))); hidden += norm(feedForward(norm(hidden))).</summary>
    private sealed class SandwichLayer(DecoderConfig config, int index, Checkpoint at, bool inputBias) : IDecoderLayer
    {
        private readonly RmsNorm _attentionNorm = new(at.At("input_layernorm"), config.HiddenSize, config.RmsNormEps);
        private readonly GroupedQueryAttention _attention =
            new(at.At("self_attn"), index, config.HiddenSize, config.Heads, inputBias, outputBias: false) { Pairing = RopePairing.Interleaved };
        private readonly RmsNorm _afterAttentionNorm = new(at.At("post_self_attn_layernorm"), config.HiddenSize, config.RmsNormEps);
        private readonly RmsNorm _feedForwardNorm = new(at.At("post_attention_layernorm"), config.HiddenSize, config.RmsNormEps);
        private readonly FusedGatedFeedForward _feedForward = new(at.At("mlp"), config.HiddenSize, config.IntermediateSize);
        private readonly RmsNorm _afterFeedForwardNorm = new(at.At("post_mlp_layernorm"), config.HiddenSize, config.RmsNormEps);

        public void Forward(Tensor hidden, Tensor angles, ForwardBatch batch, IOps ops)
        {
            var attended = _attention.Forward(_attentionNorm.Forward(hidden, ops), angles, batch, ops);
            ops.Add(hidden, _afterAttentionNorm.Forward(attended, ops));
            ops.Add(hidden, _afterFeedForwardNorm.Forward(_feedForward.Forward(_feedForwardNorm.Forward(hidden, ops), ops), ops));
        }
    }
}
