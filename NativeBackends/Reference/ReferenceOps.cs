using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

/// <summary>The oracle: every op as its formula reads, in double precision, rounded to F32 once at the end. One file per op.</summary>
/// <remarks>
/// One row is computed at a time from that row's inputs alone, so batch invariance (decision D2) is visible in the code.
/// In double precision the product of two F32 is exact, so fused and separate multiply-add agree and the results are the same on every machine.
/// </remarks>
internal sealed unsafe partial class ReferenceOps : IOps, IDisposable
{
    private readonly Workspace _workspace = new(ReferenceMemory.Allocate);

    /// <inheritdoc/>
    public void BeginStep() => _workspace.Reset();

    /// <inheritdoc/>
    public Tensor Integers(ReadOnlySpan<int> values, int rows = 1)
    {
        var result = _workspace.Allocate(DType.I32, rows, IntegerColumns(values.Length, rows));
        values.CopyTo(new Span<int>((void*)result.Data, values.Length));
        return result;
    }

    /// <inheritdoc/>
    public Tensor Floats(ReadOnlySpan<float> values, int rows)
    {
        var result = _workspace.Allocate(DType.F32, rows, FloatColumns(values.Length, rows));
        values.CopyTo(new Span<float>((void*)result.Data, values.Length));
        return result;
    }

    /// <inheritdoc/>
    public WorkspaceMark Mark() => _workspace.Mark();

    /// <inheritdoc/>
    public void Release(WorkspaceMark mark) => _workspace.Release(mark);

    /// <inheritdoc/>
    public ReadOnlySpan<float> ReadRow(Tensor source, int row)
    {
        if (source.DType != DType.F32 || row < 0 || row >= source.Rows)
        {
            throw new OpException($"read_row: row {row} of {source}");
        }

        return Floats(source, row);
    }

    /// <inheritdoc/>
    public void Dispose() => _workspace.Dispose();

    /// <summary>Columns of <see cref="IOps.Integers"/>'s result.</summary>
    internal static int IntegerColumns(int values, int rows)
    {
        if (rows < 1 || values % rows != 0)
        {
            throw new OpException($"integers: {values} values do not divide into {rows} rows");
        }

        return values / rows;
    }

    /// <summary>Columns of <see cref="IOps.Floats"/>'s result.</summary>
    internal static int FloatColumns(int values, int rows) => rows >= 1 && values % rows == 0
        ? values / rows
        : throw new OpException($"floats: {values} values do not divide into {rows} rows");

    private static Span<float> Floats(Tensor tensor, int row) => new((float*)tensor.Data + ((long)row * tensor.RowStride), tensor.Columns);

    private static ReadOnlySpan<int> Integers(Tensor tensor, int row = 0) => new((int*)tensor.Data + ((long)row * tensor.RowStride), tensor.Columns);

    /// <summary>A scratch array of at least this length, kept for the next call.</summary>
    private static T[] Scratch<T>(ref T[] array, long length)
    {
        if (array.Length < length)
        {
            array = new T[Math.Max(length, 2L * array.Length)];     // doubled: a context that grows by one token must not allocate each time
        }

        return array;
    }
}
