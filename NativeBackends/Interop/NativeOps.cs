using XLLM.NativeBackends.Ops;
using XLLM.NativeBackends.Reference;

namespace XLLM.NativeBackends.Interop;

/// <summary><see cref="IOps"/> over the C interface: gives each op its result from the workspace and calls. Arguments are checked on the native side.</summary>
/// <param name="handle">An open backend.</param>
/// <param name="usesHostMemory">Whether its addresses can be read here.</param>
internal sealed unsafe class NativeOps(BackendHandle handle, bool usesHostMemory) : IOps, IDisposable
{
    private readonly Workspace _workspace = new(bytes => NativeMemory.Allocate(handle, bytes));
    private float[] _row = [];

    /// <inheritdoc/>
    public void BeginStep() => _workspace.Reset();

    /// <inheritdoc/>
    public Tensor Integers(ReadOnlySpan<int> values, int rows = 1)
    {
        var result = _workspace.Allocate(DType.I32, rows, ReferenceOps.IntegerColumns(values.Length, rows));
        fixed (int* start = values)
        {
            NativeMethods.Upload(handle, start, result.Data, (long)values.Length * sizeof(int)).ThrowIfFailed();
        }

        return result;
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> ReadRow(Tensor source, int row)
    {
        if (source.DType != DType.F32 || row < 0 || row >= source.Rows)
        {
            throw new OpException($"read_row: row {row} of {source}");
        }

        var address = source.Data + ((nint)row * source.RowStride * sizeof(float));
        if (usesHostMemory)
        {
            return new ReadOnlySpan<float>((void*)address, source.Columns);
        }

        if (_row.Length < source.Columns)
        {
            _row = new float[source.Columns];
        }

        fixed (float* start = _row)
        {
            NativeMethods.Download(handle, address, start, (long)source.Columns * sizeof(float)).ThrowIfFailed();
        }

        return _row.AsSpan(0, source.Columns);
    }

    /// <inheritdoc/>
    public Tensor Embedding(Tensor ids, Weight table)
    {
        var y = _workspace.Allocate(DType.F32, ids.Columns, table.Columns);
        var nativeTable = new NativeWeight(table);
        NativeMethods.Embedding(handle, &ids, &nativeTable, &y).ThrowIfFailed(table.Name);
        GC.KeepAlive(table);
        return y;
    }

    /// <inheritdoc/>
    public Tensor Rows(Tensor x, Tensor indices)
    {
        var y = _workspace.Allocate(DType.F32, indices.Columns, x.Columns);
        NativeMethods.Rows(handle, &x, &indices, &y).ThrowIfFailed();
        return y;
    }

    /// <inheritdoc/>
    public Tensor RmsNorm(Tensor x, Tensor weight, float epsilon)
    {
        var y = _workspace.Allocate(DType.F32, x.Rows, x.Columns);
        NativeMethods.RmsNorm(handle, &x, &weight, epsilon, &y).ThrowIfFailed();
        return y;
    }

    /// <inheritdoc/>
    public void RmsNormHeads(Tensor x, Tensor weight, float epsilon) =>
        NativeMethods.RmsNormHeads(handle, &x, &weight, epsilon).ThrowIfFailed();

    /// <inheritdoc/>
    public Tensor Linear(Tensor x, Weight weight, Tensor? bias = null)
    {
        var y = _workspace.Allocate(DType.F32, x.Rows, weight.Rows);
        var nativeWeight = new NativeWeight(weight);
        var terms = bias.GetValueOrDefault();
        NativeMethods.Linear(handle, &x, &nativeWeight, bias is null ? null : &terms, &y).ThrowIfFailed(weight.Name);
        GC.KeepAlive(weight);
        return y;
    }

    /// <inheritdoc/>
    public void Add(Tensor x, Tensor y) => NativeMethods.Add(handle, &x, &y).ThrowIfFailed();

    /// <inheritdoc/>
    public void SiluMultiply(Tensor gate, Tensor up) => NativeMethods.SiluMultiply(handle, &gate, &up).ThrowIfFailed();

    /// <inheritdoc/>
    public Tensor RopeAngles(Tensor positions, RopeTable rope)
    {
        var frequencies = rope.InverseFrequencies;
        var y = _workspace.Allocate(DType.F32, positions.Columns, 2 * frequencies.Columns);
        NativeMethods.RopeAngles(handle, &positions, &frequencies, rope.Scale, &y).ThrowIfFailed();
        return y;
    }

    /// <inheritdoc/>
    public void Rotate(Tensor x, Tensor angles, int headSize, RopePairing pairing) =>
        NativeMethods.Rotate(handle, &x, &angles, headSize, pairing).ThrowIfFailed();

    /// <inheritdoc/>
    public Tensor PagedAttention(Tensor q, Tensor k, Tensor v, KvLayer kv, AttentionBatch batch, HeadLayout heads, float scale)
    {
        var y = _workspace.Allocate(DType.F32, q.Rows, q.Columns);
        NativeMethods.PagedAttention(handle, &q, &k, &v, &kv, &batch, &heads, scale, &y).ThrowIfFailed();
        return y;
    }

    /// <inheritdoc/>
    public void Dispose() => _workspace.Dispose();
}
