namespace XLLM.NativeBackends.Ops;

/// <summary>A quantized weight matrix in host memory that a backend may import.</summary>
/// <param name="Name">Name in the checkpoint; for error messages.</param>
/// <param name="Format">How the codes are stored.</param>
/// <param name="Rows">Outputs.</param>
/// <param name="Columns">Inputs.</param>
/// <param name="Codes">The rows' codes, one after the other; any shape and type of the right number of bytes.</param>
public sealed record HostWeight(string Name, WeightFormat Format, int Rows, int Columns, HostTensor Codes)
{
    /// <summary>F32 [ceil(rows / row block), ceil(columns / column block)]; null for formats that have none.</summary>
    public HostTensor? Scales { get; init; }

    /// <summary>A byte per scale: I8 for <see cref="WeightFormat.I8"/>, U8 for <see cref="WeightFormat.I4"/>; null: the format's own zero.</summary>
    public HostTensor? Zeros { get; init; }

    /// <summary>I32 [columns]: the input that each stored column belongs to, each input once; null: stored in the order of the inputs.</summary>
    public HostTensor? Order { get; init; }

    /// <summary>Rows that share a scale; at least 1.</summary>
    public int RowBlock { get; init; } = 1;

    /// <summary>Stored columns that share a scale: a multiple of <see cref="WeightFormats.ScaleColumns"/>, or all of the row.</summary>
    public int ColumnBlock { get; init; } = int.MaxValue;

    /// <summary>Bytes of codes, scales, zeros and order.</summary>
    public long Bytes => Codes.Bytes + (Scales?.Bytes ?? 0) + (Zeros?.Bytes ?? 0) + (Order?.Bytes ?? 0);

    /// <summary>A matrix of plain floats, shown as a weight.</summary>
    /// <exception cref="OpException">The element type or the number of dimensions is not supported; the message names the tensor.</exception>
    public static HostWeight FromDense(HostTensor source)
    {
        var (rows, columns) = HostImport.MatrixShape(source);
        return new HostWeight(source.Name, HostImport.Format(source), rows, columns, source);
    }

    /// <summary>Checks that all parts fit each other.</summary>
    /// <exception cref="OpException">They do not; the message names the tensor and the numbers.</exception>
    public void Validate()
    {
        if (Rows < 0 || Columns < 0)
        {
            throw Fault($"has {Rows} rows and {Columns} columns");
        }

        if (Format != WeightFormat.I4 && Columns % Format.UnitColumns() != 0)
        {
            throw Fault($"has {Columns} columns; {Format} stores {Format.UnitColumns()} at a time");
        }

        var expected = checked(Rows * Format.RowBytes(Columns));
        if (Codes.Bytes != expected)
        {
            throw Fault($"has {Codes.Bytes} bytes of codes; [{Rows}, {Columns}] {Format} takes {expected}");
        }

        ValidateScales();
        ValidateOrder();
    }

    /// <summary>"name [rows, columns] format", for error messages.</summary>
    public override string ToString() => $"{Name} [{Rows}, {Columns}] {Format}";

    private void ValidateScales()
    {
        if (!Format.HasScales())
        {
            if (Scales is not null || Zeros is not null)
            {
                throw Fault($"has scales or zeros, which {Format} keeps inside its blocks or does not know");
            }

            return;
        }

        if (RowBlock < 1 || ColumnBlock < 1 || (ColumnBlock < Columns && ColumnBlock % WeightFormats.ScaleColumns != 0))
        {
            throw Fault($"has a scale for every [{RowBlock}, {ColumnBlock}]; columns must be a multiple of {WeightFormats.ScaleColumns} or the whole row");
        }

        int[] shape = [Blocks(Rows, RowBlock), Blocks(Columns, ColumnBlock)];
        if (Scales is not { DType: DType.F32 } scales || !scales.Shape.SequenceEqual(shape))
        {
            throw Fault($"has scales {Describe(Scales)}; blocks of [{RowBlock}, {ColumnBlock}] need F32 [{shape[0]}, {shape[1]}]");
        }

        var zeroType = Format == WeightFormat.I8 ? DType.I8 : DType.U8;
        if (Zeros is { } zeros && (Format == WeightFormat.F8E4M3 || zeros.DType != zeroType || !zeros.Shape.SequenceEqual(shape)))
        {
            throw Fault($"has zeros {Describe(zeros)}; {(Format == WeightFormat.F8E4M3 ? "F8E4M3 knows none" : $"{Format} needs {zeroType} [{shape[0]}, {shape[1]}]")}");
        }
    }

    private unsafe void ValidateOrder()
    {
        if (Order is not { } order)
        {
            return;
        }

        if (!Format.HasScales() || order.DType != DType.I32 || order.Elements != Columns)
        {
            throw Fault($"has a column order {Describe(order)}; it is for formats with scales, I32 [{Columns}]");
        }

        var seen = new bool[Columns];
        var inputs = new ReadOnlySpan<int>((int*)order.Data, Columns);
        for (var i = 0; i < inputs.Length; i++)
        {
            if (inputs[i] < 0 || inputs[i] >= Columns || seen[inputs[i]])
            {
                throw Fault($"has input {inputs[i]} at {i} of its column order; each of 0 to {Columns - 1} must stand there once");
            }

            seen[inputs[i]] = true;
        }

        GC.KeepAlive(order.Owner);
    }

    private static int Blocks(int length, int block) => (int)(((long)length + block - 1) / block);

    private static string Describe(HostTensor? tensor) => tensor is null ? "none" : $"{tensor.DType} [{string.Join(", ", tensor.Shape)}]";

    private OpException Fault(string what) => new($"import: weight {Name} [{Rows}, {Columns}] {Format} {what}");
}
