namespace XLLM.NativeBackends.Ops;

/// <summary>What every backend does the same way when it imports a checkpoint's tensors.</summary>
internal static unsafe class HostImport
{
    /// <summary>Rows and columns of a weight matrix; one dimension is one row.</summary>
    /// <exception cref="OpException">More than two dimensions, or none.</exception>
    public static (int Rows, int Columns) MatrixShape(HostTensor source) => source.Shape.Count switch
    {
        1 => (1, source.Shape[0]),
        2 => (source.Shape[0], source.Shape[1]),
        _ => throw new OpException($"import: {source.Name} has {source.Shape.Count} dimensions; a weight has 1 or 2"),
    };

    /// <summary>How a checkpoint's element type is kept.</summary>
    /// <exception cref="OpException">No weight format for it.</exception>
    public static WeightFormat Format(HostTensor source) => source.DType switch
    {
        DType.F32 => WeightFormat.F32,
        DType.BF16 => WeightFormat.BF16,
        DType.F16 => WeightFormat.F16,
        _ => throw new OpException($"import: {source.Name} is {source.DType}; a weight must be F32, BF16 or F16"),
    };

    /// <summary>A weight that stays where it is: for backends that compute in host memory.</summary>
    /// <exception cref="OpException">Its parts do not fit each other.</exception>
    public static Weight View(HostWeight source)
    {
        source.Validate();
        var owner = new[] { source.Codes.Owner, source.Scales?.Owner, source.Zeros?.Owner, source.Order?.Owner };
        return Place(source, tensor => tensor.Data, owner);
    }

    /// <summary>A checked weight whose parts are where the backend put them.</summary>
    /// <param name="source">The parts.</param>
    /// <param name="address">Brings a part into the backend's memory.</param>
    /// <param name="owner">Keeps that memory alive.</param>
    public static Weight Place(HostWeight source, Func<HostTensor, nint> address, object owner) =>
        new(source.Name, source.Format, source.Rows, source.Columns, address(source.Codes), owner)
        {
            Scales = source.Scales is { } scales ? address(scales) : 0,
            Zeros = source.Zeros is { } zeros ? address(zeros) : 0,
            Order = source.Order is { } order ? address(order) : 0,
            RowBlock = source.Format.HasScales() ? source.RowBlock : 0,
            ColumnBlock = source.Format.HasScales() ? source.ColumnBlock : 0,
        };

    /// <summary>Converts elements to F32, exactly. The source need not be aligned.</summary>
    /// <param name="source">First element.</param>
    /// <param name="format">How the elements are stored; dense.</param>
    /// <param name="result">As many elements as are wanted.</param>
    public static void Decode(byte* source, WeightFormat format, Span<float> result)
    {
        switch (format)
        {
            case WeightFormat.F32:
                new ReadOnlySpan<byte>(source, checked(result.Length * sizeof(float))).CopyTo(System.Runtime.InteropServices.MemoryMarshal.AsBytes(result));
                break;
            case WeightFormat.BF16:
                var bfloats = (ushort*)source;
                for (var i = 0; i < result.Length; i++)
                {
                    result[i] = BitConverter.UInt32BitsToSingle((uint)bfloats[i] << 16);
                }

                break;
            case WeightFormat.F16:
                var halves = (Half*)source;
                for (var i = 0; i < result.Length; i++)
                {
                    result[i] = (float)halves[i];
                }

                break;
            default:
                throw new OpException($"weight format {format} is not dense");
        }
    }
}
