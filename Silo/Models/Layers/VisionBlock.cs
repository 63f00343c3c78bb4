using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>One layer of a vision encoder: hidden += attention(norm1(hidden)); hidden += feedForward(norm2(hidden)). All patches of a segment see each other.</summary>
/// <param name="at">Where "attn.qkv" and "attn.proj" are.</param>
/// <param name="shape">Sizes.</param>
/// <param name="norm">Builds a norm from its place.</param>
/// <param name="feedForward">The family's feed-forward network.</param>
/// <param name="inputBias">Whether the joint query, key and value projection has a bias.</param>
/// <param name="outputBias">Whether the output projection has one.</param>
internal sealed class VisionBlock(Checkpoint at, VisionShape shape, Func<Checkpoint, INorm> norm, IFeedForward feedForward, bool inputBias, bool outputBias)
{
    private readonly INorm _attentionNorm = norm(at.At("norm1"));
    private readonly Linear _queryKeyValue = new(at.At("attn.qkv"), 3 * shape.Hidden, shape.Hidden, inputBias);
    private readonly Linear _output = new(at.At("attn.proj"), shape.Hidden, shape.Hidden, outputBias);
    private readonly INorm _feedForwardNorm = norm(at.At("norm2"));
    private readonly float _scale = (float)(1 / Math.Sqrt(shape.HeadSize));

    /// <param name="hidden">[patches, hidden]; overwritten.</param>
    /// <param name="angles">Rotary angles of the patches.</param>
    /// <param name="starts">I32 [1, segments + 1]: which patches see each other.</param>
    /// <param name="ops">The backend's operations.</param>
    public void Forward(Tensor hidden, Tensor angles, Tensor starts, IOps ops)
    {
        var joint = _queryKeyValue.Forward(_attentionNorm.Forward(hidden, ops), ops);   // [patches, 3 * hidden]
        var (q, k, v) = (joint.ColumnSlice(0, shape.Hidden), joint.ColumnSlice(shape.Hidden, shape.Hidden), joint.ColumnSlice(2 * shape.Hidden, shape.Hidden));
        ops.Rotate(q, angles, shape.HeadSize, RopePairing.Halves);
        ops.Rotate(k, angles, shape.HeadSize, RopePairing.Halves);
        ops.Add(hidden, _output.Forward(ops.SegmentAttention(q, k, v, starts, shape.Heads, _scale), ops));
        ops.Add(hidden, feedForward.Forward(_feedForwardNorm.Forward(hidden, ops), ops));
    }
}
