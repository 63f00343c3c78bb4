namespace XLLM.NativeBackends.Ops;

/// <summary>A weight matrix in a backend's memory, [<see cref="Rows"/> outputs, <see cref="Columns"/> inputs], and how it is stored.</summary>
/// <remarks>Made by <see cref="IBackend.ImportWeight(HostTensor)"/> alone. What the numbers mean is hidden here, so models never see the scheme.</remarks>
public sealed class Weight(string name, WeightFormat format, int rows, int columns, nint data, object owner)
{
    /// <summary>Name in the checkpoint; for error messages and the reader of a profile.</summary>
    public string Name { get; } = name;

    /// <summary>How the elements are stored.</summary>
    public WeightFormat Format { get; } = format;

    /// <summary>Number of outputs of a product with this weight.</summary>
    public int Rows { get; } = rows;

    /// <summary>Number of inputs of a product with this weight.</summary>
    public int Columns { get; } = columns;

    /// <summary>Address of the first row's codes in the backend's memory; rows are dense and may start at any byte.</summary>
    public nint Data { get; } = data;

    /// <summary>Keeps the memory behind <see cref="Data"/> and the addresses below alive.</summary>
    public object Owner { get; } = owner;

    /// <summary>Address of the scales, F32 [ceil(rows / row block), ceil(columns / column block)]; 0 for formats without.</summary>
    public nint Scales { get; init; }

    /// <summary>Address of the zeros, a byte per scale (signed for <see cref="WeightFormat.I8"/>); 0: the format's own zero.</summary>
    public nint Zeros { get; init; }

    /// <summary>Address of the input that each stored column belongs to, I32 [columns]; 0: columns are stored in the order of the inputs.</summary>
    public nint Order { get; init; }

    /// <summary>Rows that share a scale.</summary>
    public int RowBlock { get; init; }

    /// <summary>Stored columns that share a scale.</summary>
    public int ColumnBlock { get; init; }

    /// <summary>"name [rows, columns] format", for error messages.</summary>
    public override string ToString() => $"{Name} [{Rows}, {Columns}] {Format}";
}
