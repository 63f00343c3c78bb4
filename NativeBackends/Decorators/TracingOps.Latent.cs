using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Decorators;

public partial class TracingOps
{
    /// <inheritdoc/>
    public Tensor SliceHeads(Tensor x, int headSize, int first, int count) => Took(nameof(SliceHeads), Now, inner.SliceHeads(x, headSize, first, count));

    /// <inheritdoc/>
    public Tensor JoinHeads(Tensor a, Tensor b, int heads) => Took(nameof(JoinHeads), Now, inner.JoinHeads(a, b, heads));

    /// <inheritdoc/>
    public Tensor LinearHeads(Tensor x, Weight weight, HeadSlice slice, bool transposed) =>
        Took(nameof(LinearHeads), Now, inner.LinearHeads(x, weight, slice, transposed));

    /// <inheritdoc/>
    public Tensor LatentAttention(Tensor q, Tensor latent, KvLayer kv, AttentionBatch batch, int valueColumns, float scale, Tensor? selection = null) =>
        Took(nameof(LatentAttention), Now, inner.LatentAttention(q, latent, kv, batch, valueColumns, scale, selection));

    /// <inheritdoc/>
    public Tensor SelectPositions(Tensor q, Tensor keys, Tensor weights, KvLayer kv, AttentionBatch batch, int most, float scale) =>
        Took(nameof(SelectPositions), Now, inner.SelectPositions(q, keys, weights, kv, batch, most, scale));
}
