using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights.Quantization;

/// <summary>Codes in 32-bit words along the row: <c>pack-quantized</c> of compressed-tensors, 4 or 8 bits.</summary>
/// <remarks>
/// <c>weight_packed</c> I32 [rows, words]: signed codes plus 8 (or 128), the first column in the low bits; <c>weight_scale</c>; <c>weight_zero_point</c> I32 [rows * bits / 32, groups], packed along the rows, where it is not symmetric;
/// <c>weight_g_idx</c> I32 [columns] where columns were sorted; <c>weight_shape</c> I64 [2], the matrix's own.
/// </remarks>
internal sealed class PackedCodesScheme(CompressedWeights weights) : IWeightScheme
{
    /// <inheritdoc/>
    public HostWeight Read(WeightParts parts, int rows, int columns)
    {
        var bits = weights.Bits;
        var (words, scales) = Take(parts, rows, columns);
        CheckShape(parts, rows, columns);
        var codes = bits == 4 ? PackedCodes.Int4FromRows(parts.Name, words, rows, columns, null) : PackedCodes.Int8FromRows(parts.Name, words, rows, columns, null);
        return new HostWeight(parts.Name, bits == 4 ? WeightFormat.I4 : WeightFormat.I8, rows, columns, codes)
        {
            Scales = scales,
            Zeros = Zeros(parts, rows, columns),
            RowBlock = weights.BlockOf(rows, columns).Rows,
            ColumnBlock = weights.BlockOf(rows, columns).Columns,
        };
    }

    /// <inheritdoc/>
    public WeightSurvey Survey(WeightParts parts, int rows, int columns)
    {
        _ = Take(parts, rows, columns);
        if (parts.Has("weight_shape"))
        {
            parts.Take("weight_shape", [2], DType.I64, DType.I32);
        }

        if (!weights.IsSymmetric)
        {
            TakeZeros(parts, weights.ScaleShape(rows, columns));
        }

        return WeightSurvey.Coded(weights.Bits == 4 ? WeightFormat.I4 : WeightFormat.I8, rows, columns, weights.ScaleCount(rows, columns), !weights.IsSymmetric);
    }

    private (HostTensor Words, HostTensor Scales) Take(WeightParts parts, int rows, int columns)
    {
        if (parts.Has("weight_g_idx"))
        {
            throw parts.Fault("has a weight_g_idx: pack-quantized weights with sorted columns are not supported");
        }

        var perWord = 32 / weights.Bits;
        return (parts.Take("weight_packed", [rows, (columns + perWord - 1) / perWord], DType.I32), weights.TakeScales(parts, rows, columns));
    }

    private HostTensor TakeZeros(WeightParts parts, int[] shape)
    {
        var perWord = 32 / weights.Bits;
        return parts.Take("weight_zero_point", [(shape[0] + perWord - 1) / perWord, shape[1]], DType.I32);
    }

    private static void CheckShape(WeightParts parts, int rows, int columns)
    {
        if (!parts.Has("weight_shape"))
        {
            return;
        }

        var shape = parts.Take("weight_shape", [2], DType.I64, DType.I32);
        long[] sizes = shape.DType == DType.I64 ? shape.Values<long>().ToArray() : [.. shape.ToIntegers().Select(size => (long)size)];
        if (!sizes.SequenceEqual([rows, columns]))
        {
            throw parts.Fault($"is [{string.Join(", ", sizes)}] by its weight_shape, but config.json makes it [{rows}, {columns}]");
        }
    }

    private HostTensor? Zeros(WeightParts parts, int rows, int columns)
    {
        if (weights.IsSymmetric)
        {
            return null;
        }

        var shape = weights.ScaleShape(rows, columns);
        var (perWord, middle) = (32 / weights.Bits, 1 << (weights.Bits - 1));
        var words = TakeZeros(parts, shape);
        var zeros = HostMemory.Tensor($"{parts.Module}.weight_zero_point", weights.Bits == 4 ? DType.U8 : DType.I8, shape);
        var source = words.Values<uint>();
        var result = zeros.Values<byte>();
        for (var block = 0; block < shape[0]; block++)
        {
            for (var group = 0; group < shape[1]; group++)
            {
                var code = (int)(source[(block / perWord * shape[1]) + group] >> (block % perWord * weights.Bits)) & ((1 << weights.Bits) - 1);
                result[(block * shape[1]) + group] = (byte)(weights.Bits == 4 ? code : code - middle);
            }
        }

        GC.KeepAlive(words.Owner);
        return zeros;
    }
}
