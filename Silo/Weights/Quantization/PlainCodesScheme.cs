using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights.Quantization;

/// <summary>A byte per code, as it stands: <c>weight</c> I8 or F8_E4M3 [rows, columns], <c>weight_scale</c>, and <c>weight_zero_point</c> where it is not symmetric. W8A8 and FP8 of compressed-tensors.</summary>
internal sealed class PlainCodesScheme(CompressedWeights weights) : IWeightScheme
{
    /// <inheritdoc/>
    public HostWeight Read(WeightParts parts, int rows, int columns)
    {
        if (weights.Bits != 8)
        {
            throw parts.Fault($"has {weights.Bits}-bit codes in a format that stores a byte for each");
        }

        var codes = parts.Take("weight", [rows, columns], weights.IsFloat ? DType.F8E4M3 : DType.I8);
        var scales = weights.TakeScales(parts, rows, columns);
        parts.Ignore("input_scale");
        parts.Ignore("input_zero_point");
        return new HostWeight(parts.Name, weights.IsFloat ? WeightFormat.F8E4M3 : WeightFormat.I8, rows, columns, codes)
        {
            Scales = scales,
            Zeros = Zeros(parts, rows, columns),
            RowBlock = weights.BlockOf(rows, columns).Rows,
            ColumnBlock = weights.BlockOf(rows, columns).Columns,
        };
    }

    /// <summary>Symmetric weights may have zero points all the same; they are zeros then.</summary>
    private HostTensor? Zeros(WeightParts parts, int rows, int columns)
    {
        if (weights.IsFloat || weights.IsSymmetric)
        {
            parts.IgnoreZeros("weight_zero_point");
            return null;
        }

        var shape = weights.ScaleShape(rows, columns);
        return parts.Take("weight_zero_point", parts.ShapeOf("weight_zero_point") is [var only] && only == shape[0] && shape[1] == 1 ? [only] : shape, DType.I8) with { Shape = shape };
    }
}
