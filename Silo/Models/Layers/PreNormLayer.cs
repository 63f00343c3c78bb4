using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>hidden += attention(norm(hidden)); hidden += feedForward(norm(hidden)).</summary>
/// <param name="config">Sizes.</param>
/// <param name="at">Where "input_layernorm" and "post_attention_layernorm" are.</param>
/// <param name="attention">The family's attention.</param>
/// <param name="feedForward">The family's feed-forward network.</param>
internal sealed class PreNormLayer(DecoderConfig config, Checkpoint at, IAttention attention, IFeedForward feedForward) : IDecoderLayer
{
    private readonly RmsNorm _attentionNorm = new(at.At("input_layernorm"), config.HiddenSize, config.RmsNormEps, config.ZeroCenteredNorms);
    private readonly RmsNorm _feedForwardNorm = new(at.At("post_attention_layernorm"), config.HiddenSize, config.RmsNormEps, config.ZeroCenteredNorms);

    /// <inheritdoc/>
    public void Forward(Tensor hidden, Tensor angles, ForwardBatch batch, IOps ops)
    {
        ops.Add(hidden, attention.Forward(_attentionNorm.Forward(hidden, ops), angles, batch, ops));
        ops.Add(hidden, feedForward.Forward(_feedForwardNorm.Forward(hidden, ops), ops));
    }
}
