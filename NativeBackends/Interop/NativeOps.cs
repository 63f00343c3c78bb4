using System.Runtime.CompilerServices;
using XLLM.NativeBackends.Ops;
using XLLM.NativeBackends.Reference;

namespace XLLM.NativeBackends.Interop;

/// <summary><see cref="IOps"/> over the C interface: gives each op its result from the workspace and calls. Arguments are checked on the native side.</summary>
/// <param name="handle">An open backend.</param>
/// <param name="usesHostMemory">Whether its addresses can be read here.</param>
internal sealed unsafe partial class NativeOps(BackendHandle handle, bool usesHostMemory) : IOps, IDisposable
{
    private readonly Workspace _workspace = new(bytes => NativeMemory.Allocate(handle, bytes));
    private readonly ConditionalWeakTable<ExpertWeights, NativeExpertTable> _experts = [];
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
    public Tensor LayerNorm(Tensor x, Tensor weight, Tensor bias, float epsilon)
    {
        var y = _workspace.Allocate(DType.F32, x.Rows, x.Columns);
        NativeMethods.LayerNorm(handle, &x, &weight, &bias, epsilon, &y).ThrowIfFailed();
        return y;
    }

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
    public ExpertChoice ChooseExperts(Tensor logits, Tensor? bias, in ExpertRouting routing)
    {
        var ids = _workspace.Allocate(DType.I32, logits.Rows, routing.Chosen);
        var weights = _workspace.Allocate(DType.F32, logits.Rows, routing.Chosen);
        var nativeRouting = new NativeExpertRouting(routing);
        var terms = bias.GetValueOrDefault();
        NativeMethods.ChooseExperts(handle, &logits, bias is null ? null : &terms, &nativeRouting, &ids, &weights).ThrowIfFailed();
        return new(ids, weights);
    }

    /// <inheritdoc/>
    public Tensor Experts(Tensor x, ExpertChoice choice, ExpertWeights experts)
    {
        var y = _workspace.Allocate(DType.F32, x.Rows, x.Columns);
        if (!_experts.TryGetValue(experts, out var table))
        {
            table = new NativeExpertTable(experts);
            _experts.Add(experts, table);
        }

        var (ids, weights, nativeExperts) = (choice.Ids, choice.Weights, table.Weights);
        NativeMethods.Experts(handle, &x, &ids, &weights, &nativeExperts, &y).ThrowIfFailed(experts.Gate[0].Name);
        GC.KeepAlive(experts);
        GC.KeepAlive(table);
        return y;
    }

    /// <inheritdoc/>
    public Tensor SliceHeads(Tensor x, int headSize, int first, int count)
    {
        var y = _workspace.Allocate(DType.F32, x.Rows, headSize < 1 || count < 1 ? 0 : x.Columns / headSize * count);
        NativeMethods.SliceHeads(handle, &x, headSize, first, count, &y).ThrowIfFailed();
        return y;
    }

    /// <inheritdoc/>
    public Tensor JoinHeads(Tensor a, Tensor b, int heads)
    {
        var y = _workspace.Allocate(DType.F32, a.Rows, a.Columns + b.Columns);
        NativeMethods.JoinHeads(handle, &a, &b, heads, &y).ThrowIfFailed();
        return y;
    }

    /// <inheritdoc/>
    public Tensor LinearHeads(Tensor x, Weight weight, HeadSlice slice, bool transposed)
    {
        var y = _workspace.Allocate(DType.F32, x.Rows, Math.Max(0, slice.Heads * (transposed ? weight.Columns : slice.Count)));
        var nativeWeight = new NativeWeight(weight);
        NativeMethods.LinearHeads(handle, &x, &nativeWeight, &slice, transposed ? 1 : 0, &y).ThrowIfFailed(weight.Name);
        GC.KeepAlive(weight);
        return y;
    }

    /// <inheritdoc/>
    public Tensor LatentAttention(Tensor q, Tensor latent, KvLayer kv, AttentionBatch batch, int valueColumns, float scale, Tensor? selection = null)
    {
        var y = _workspace.Allocate(DType.F32, q.Rows, kv.HeadSize < 1 ? 0 : Math.Max(0, q.Columns / kv.HeadSize * valueColumns));
        var positions = selection.GetValueOrDefault();
        NativeMethods.LatentAttention(handle, &q, &latent, &kv, &batch, valueColumns, scale, selection is null ? null : &positions, &y).ThrowIfFailed();
        return y;
    }

    /// <inheritdoc/>
    public Tensor SelectPositions(Tensor q, Tensor keys, Tensor weights, KvLayer kv, AttentionBatch batch, int most, float scale)
    {
        var y = _workspace.Allocate(DType.I32, q.Rows, OpChecks.SelectedColumns(kv, batch, most));
        NativeMethods.SelectPositions(handle, &q, &keys, &weights, &kv, &batch, most, scale, &y).ThrowIfFailed();
        return y;
    }

    /// <inheritdoc/>
    public void Dispose() => _workspace.Dispose();
}
