using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

/// <summary>Rows of a weight as F32: the plain statement of every format, which the kernels are held against, bit for bit.</summary>
internal static unsafe class WeightRows
{
    /// <summary>Dequantizes one row.</summary>
    /// <param name="weight">In memory that can be read here.</param>
    /// <param name="row">Row.</param>
    /// <param name="result">Its columns, in the order of the inputs.</param>
    public static void Read(Weight weight, int row, Span<float> result)
    {
        var codes = (byte*)weight.Data + (row * weight.Format.RowBytes(weight.Columns));
        switch (weight.Format)
        {
            case WeightFormat.F8E4M3:
            case WeightFormat.I8:
            case WeightFormat.I4:
                ReadScaled(weight, row, codes, result);
                break;
            case WeightFormat.Q4_0:
            case WeightFormat.Q8_0:
            case WeightFormat.Q4_K:
            case WeightFormat.Q5_K:
            case WeightFormat.Q6_K:
                var (unitColumns, unitBytes) = (weight.Format.UnitColumns(), weight.Format.UnitBytes());
                for (var unit = 0; unit < weight.Columns / unitColumns; unit++)
                {
                    GgufBlocks.Read(weight.Format, new ReadOnlySpan<byte>(codes + ((long)unit * unitBytes), unitBytes), result.Slice(unit * unitColumns, unitColumns));
                }

                break;
            default:
                HostImport.Decode(codes, weight.Format, result);
                break;
        }
    }

    private static void ReadScaled(Weight weight, int row, byte* codes, Span<float> result)
    {
        var packed = new ReadOnlySpan<byte>(codes, checked((int)weight.Format.RowBytes(weight.Columns)));
        var order = (int*)weight.Order;
        var firstScale = row / weight.RowBlock * (((long)weight.Columns + weight.ColumnBlock - 1) / weight.ColumnBlock);
        for (var column = 0; column < weight.Columns; column++)
        {
            var block = firstScale + (column / weight.ColumnBlock);
            var scale = ((float*)weight.Scales)[block];
            var code = weight.Format switch
            {
                WeightFormat.F8E4M3 => Float8.E4M3[packed[column]],
                WeightFormat.I8 => (sbyte)packed[column] - (weight.Zeros == 0 ? 0 : ((sbyte*)weight.Zeros)[block]),
                _ => Int4.Code(packed, column) - (weight.Zeros == 0 ? 8 : ((byte*)weight.Zeros)[block]),
            };
            result[order is null ? column : order[column]] = code * scale;
        }
    }
}
