using XLLM.NativeBackends.Ops;
using XLLM.NativeBackends.Reference;

namespace XLLM.NativeBackends.Interop;

internal sealed unsafe partial class NativeOps
{
    /// <inheritdoc/>
    public Tensor Floats(ReadOnlySpan<float> values, int rows)
    {
        var result = _workspace.Allocate(DType.F32, rows, ReferenceOps.FloatColumns(values.Length, rows));
        fixed (float* start = values)
        {
            NativeMethods.Upload(handle, start, result.Data, (long)values.Length * sizeof(float)).ThrowIfFailed();
        }

        return result;
    }

    /// <inheritdoc/>
    public WorkspaceMark Mark() => _workspace.Mark();

    /// <inheritdoc/>
    public void Release(WorkspaceMark mark) => _workspace.Release(mark);

    /// <inheritdoc/>
    public void Gelu(Tensor x, GeluKind kind) => NativeMethods.Gelu(handle, &x, kind).ThrowIfFailed();

    /// <inheritdoc/>
    public Tensor RopeAnglesByAxis(Tensor positions, Tensor axes, RopeTable rope)
    {
        var frequencies = rope.InverseFrequencies;
        var y = _workspace.Allocate(DType.F32, positions.Columns, 2 * frequencies.Columns);
        NativeMethods.RopeAnglesByAxis(handle, &positions, &axes, &frequencies, rope.Scale, &y).ThrowIfFailed();
        return y;
    }

    /// <inheritdoc/>
    public Tensor SegmentAttention(Tensor q, Tensor k, Tensor v, Tensor starts, int heads, float scale)
    {
        var y = _workspace.Allocate(DType.F32, q.Rows, q.Columns);
        NativeMethods.SegmentAttention(handle, &q, &k, &v, &starts, heads, scale, &y).ThrowIfFailed();
        return y;
    }

    /// <inheritdoc/>
    public Tensor WeightedRows(Weight table, Tensor indices, Tensor weights)
    {
        var y = _workspace.Allocate(DType.F32, indices.Rows, table.Columns);
        var nativeTable = new NativeWeight(table);
        NativeMethods.WeightedRows(handle, &nativeTable, &indices, &weights, &y).ThrowIfFailed(table.Name);
        GC.KeepAlive(table);
        return y;
    }

    /// <inheritdoc/>
    public void PutRows(Tensor x, Tensor rows, Tensor y) => NativeMethods.PutRows(handle, &x, &rows, &y).ThrowIfFailed();

    /// <inheritdoc/>
    public void AddRows(Tensor x, Tensor rows, Tensor y) => NativeMethods.AddRows(handle, &x, &rows, &y).ThrowIfFailed();
}
