namespace XLLM.NativeBackends.Ops;

/// <summary>How a weight matrix is stored. A model never looks; a backend has one dequantization rule per format. Values are part of the C ABI.</summary>
public enum WeightFormat
{
    /// <summary>Dense binary32.</summary>
    F32 = 0,

    /// <summary>Dense bfloat16.</summary>
    BF16 = 1,

    /// <summary>Dense binary16.</summary>
    F16 = 2,
}

/// <summary>A weight matrix in a backend's memory, [<see cref="Rows"/> outputs, <see cref="Columns"/> inputs], and how it is stored.</summary>
/// <remarks>Made by <see cref="IBackend.ImportWeight"/> alone. What the numbers mean is hidden here, so models never see the scheme.</remarks>
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

    /// <summary>Address of element [0, 0] in the backend's memory; rows are dense.</summary>
    public nint Data { get; } = data;

    /// <summary>Keeps the memory behind <see cref="Data"/> alive.</summary>
    public object Owner { get; } = owner;

    /// <summary>"name [rows, columns] format", for error messages.</summary>
    public override string ToString() => $"{Name} [{Rows}, {Columns}] {Format}";
}
