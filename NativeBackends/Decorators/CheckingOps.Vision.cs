using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Decorators;

public partial class CheckingOps
{
    private readonly Stack<(WorkspaceMark Inner, WorkspaceMark Reference)> _marks = [];

    /// <inheritdoc/>
    public Tensor Floats(ReadOnlySpan<float> values, int rows) => Same(nameof(Floats), _reference.Floats(values, rows), inner.Floats(values, rows));

    /// <inheritdoc/>
    public WorkspaceMark Mark()
    {
        _marks.Push((inner.Mark(), _reference.Mark()));
        return _marks.Peek().Inner;
    }

    /// <inheritdoc/>
    /// <remarks>Copies made since stay until the step's end: they are few and small beside what is released.</remarks>
    public void Release(WorkspaceMark mark)
    {
        // A mark may be released more than once, after every block of an encoder; those made after it are gone with it.
        while (_marks.TryPeek(out var top) && top.Inner != mark)
        {
            _marks.Pop();
        }

        if (_marks.TryPeek(out var found))
        {
            _reference.Release(found.Reference);
        }

        inner.Release(mark);
    }

    /// <inheritdoc/>
    public void Gelu(Tensor x, GeluKind kind)
    {
        var copy = Copy(x);
        _reference.Gelu(copy, kind);
        inner.Gelu(x, kind);
        Same(nameof(Gelu), copy, x);
    }

    /// <inheritdoc/>
    public Tensor RopeAnglesByAxis(Tensor positions, Tensor axes, RopeTable rope) =>
        Same(nameof(RopeAnglesByAxis), _reference.RopeAnglesByAxis(positions, axes, rope), inner.RopeAnglesByAxis(positions, axes, rope));

    /// <inheritdoc/>
    public Tensor SegmentAttention(Tensor q, Tensor k, Tensor v, Tensor starts, int heads, float scale) =>
        Same(nameof(SegmentAttention), _reference.SegmentAttention(q, k, v, starts, heads, scale), inner.SegmentAttention(q, k, v, starts, heads, scale));

    /// <inheritdoc/>
    public Tensor WeightedRows(Weight table, Tensor indices, Tensor weights) =>
        Same($"{nameof(WeightedRows)} {table.Name}", _reference.WeightedRows(table, indices, weights), inner.WeightedRows(table, indices, weights));

    /// <inheritdoc/>
    public void PutRows(Tensor x, Tensor rows, Tensor y)
    {
        var copy = Copy(x);
        _reference.PutRows(copy, rows, y);
        inner.PutRows(x, rows, y);
        Same(nameof(PutRows), copy, x);
    }

    /// <inheritdoc/>
    public void AddRows(Tensor x, Tensor rows, Tensor y)
    {
        var copy = Copy(x);
        _reference.AddRows(copy, rows, y);
        inner.AddRows(x, rows, y);
        Same(nameof(AddRows), copy, x);
    }
}
