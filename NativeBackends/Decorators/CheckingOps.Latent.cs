using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Decorators;

public partial class CheckingOps
{
    /// <inheritdoc/>
    public Tensor SliceHeads(Tensor x, int headSize, int first, int count) =>
        Same(nameof(SliceHeads), _reference.SliceHeads(x, headSize, first, count), inner.SliceHeads(x, headSize, first, count));

    /// <inheritdoc/>
    public Tensor JoinHeads(Tensor a, Tensor b, int heads) => Same(nameof(JoinHeads), _reference.JoinHeads(a, b, heads), inner.JoinHeads(a, b, heads));

    /// <inheritdoc/>
    public Tensor LinearHeads(Tensor x, Weight weight, HeadSlice slice, bool transposed) =>
        Same($"{nameof(LinearHeads)} {weight.Name}", _reference.LinearHeads(x, weight, slice, transposed), inner.LinearHeads(x, weight, slice, transposed));

    /// <inheritdoc/>
    public Tensor LatentAttention(Tensor q, Tensor latent, KvLayer kv, AttentionBatch batch, int valueColumns, float scale, Tensor? selection = null) =>
        Same(
            nameof(LatentAttention),
            _reference.LatentAttention(q, latent, kv, batch, valueColumns, scale, selection),
            inner.LatentAttention(q, latent, kv, batch, valueColumns, scale, selection));

    /// <inheritdoc/>
    /// <remarks>Exact, as the op is: two scores that are equal but for rounding, just where the choice ends, are reported too.</remarks>
    public Tensor SelectPositions(Tensor q, Tensor keys, Tensor weights, KvLayer kv, AttentionBatch batch, int most, float scale) =>
        Same(nameof(SelectPositions), _reference.SelectPositions(q, keys, weights, kv, batch, most, scale), inner.SelectPositions(q, keys, weights, kv, batch, most, scale));
}
