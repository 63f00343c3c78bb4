using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Decorators;

public partial class TracingOps
{
    /// <inheritdoc/>
    public Tensor Floats(ReadOnlySpan<float> values, int rows) => Took(nameof(Floats), Now, inner.Floats(values, rows));

    /// <inheritdoc/>
    public WorkspaceMark Mark() => inner.Mark();

    /// <inheritdoc/>
    public void Release(WorkspaceMark mark) => inner.Release(mark);

    /// <inheritdoc/>
    public void Gelu(Tensor x, GeluKind kind)
    {
        var start = Now;
        inner.Gelu(x, kind);
        Took(nameof(Gelu), start, x);
    }

    /// <inheritdoc/>
    public Tensor RopeAnglesByAxis(Tensor positions, Tensor axes, RopeTable rope) => Took(nameof(RopeAnglesByAxis), Now, inner.RopeAnglesByAxis(positions, axes, rope));

    /// <inheritdoc/>
    public Tensor SegmentAttention(Tensor q, Tensor k, Tensor v, Tensor starts, int heads, float scale) =>
        Took(nameof(SegmentAttention), Now, inner.SegmentAttention(q, k, v, starts, heads, scale));

    /// <inheritdoc/>
    public Tensor WeightedRows(Weight table, Tensor indices, Tensor weights) => Took(nameof(WeightedRows), Now, inner.WeightedRows(table, indices, weights));

    /// <inheritdoc/>
    public void PutRows(Tensor x, Tensor rows, Tensor y)
    {
        var start = Now;
        inner.PutRows(x, rows, y);
        Took(nameof(PutRows), start, x);
    }

    /// <inheritdoc/>
    public void AddRows(Tensor x, Tensor rows, Tensor y)
    {
        var start = Now;
        inner.AddRows(x, rows, y);
        Took(nameof(AddRows), start, x);
    }
}
