namespace XLLM.NativeBackends.Ops;

/// <summary>A view of a matrix in a backend's memory. Owns nothing; valid as long as the memory behind it (a step, for results of ops).</summary>
/// <param name="Data">Address of element [0, 0] in the backend's memory.</param>
/// <param name="DType">Element type.</param>
/// <param name="Rows">Number of rows; 0 is allowed.</param>
/// <param name="Columns">Number of columns; elements of a row are adjacent.</param>
/// <param name="RowStride">Elements from one row's start to the next one's; at least <paramref name="Columns"/>.</param>
public readonly record struct Tensor(nint Data, DType DType, int Rows, int Columns, int RowStride)
{
    /// <summary>A dense view: rows follow each other without a gap.</summary>
    public Tensor(nint data, DType dtype, int rows, int columns)
        : this(data, dtype, rows, columns, columns)
    {
    }

    /// <summary>Bytes from the first to past the last element.</summary>
    public long ByteSpan => Rows == 0 ? 0 : ((((long)Rows - 1) * RowStride) + Columns) * DType.Size();

    /// <summary>The columns [start, start + count) of every row.</summary>
    public Tensor ColumnSlice(int start, int count)
    {
        if (start < 0 || count < 0 || start + count > Columns)
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"columns {start} to {start + count} are not in [0, {Columns}]");
        }

        return this with { Data = Data + ((nint)start * DType.Size()), Columns = count };
    }

    /// <summary>The rows [start, start + count).</summary>
    public Tensor RowSlice(int start, int count)
    {
        if (start < 0 || count < 0 || start + count > Rows)
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"rows {start} to {start + count} are not in [0, {Rows}]");
        }

        return this with { Data = Data + ((nint)start * RowStride * DType.Size()), Rows = count };
    }

    /// <summary>The same elements, row after row, in rows of another length.</summary>
    /// <exception cref="ArgumentException">It is not dense, or the elements are not as many.</exception>
    public Tensor Reshape(int rows, int columns) => (RowStride == Columns || Rows <= 1) && (long)rows * columns == (long)Rows * Columns
        ? new Tensor(Data, DType, rows, columns)
        : throw new ArgumentException($"{this} with row stride {RowStride} cannot be seen as [{rows}, {columns}]", nameof(rows));

    /// <summary>"[rows, columns] type", for error messages.</summary>
    public override string ToString() => $"[{Rows}, {Columns}] {DType}";
}
