using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights.Quantization;

/// <summary>A byte per code, as it stands: <c>weight</c> I8 or F8_E4M3 [rows, columns], <c>weight_scale</c>, and <c>weight_zero_point</c> where it is not symmetric. W8A8 and FP8 of compressed-tensors.</summary>
internal sealed class PlainCodesScheme(CompressedWeights weights) : IWeightScheme
{
    /// <inheritdoc/>
    public HostWeight Read(WeightParts parts, int rows, int columns)
    {
        var (codes, scales) = Take(parts, rows, columns);
        return new HostWeight(parts.Name, weights.IsFloat ? WeightFormat.F8E4M3 : WeightFormat.I8, rows, columns, codes)
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
        var hasZeros = Zeros(parts, rows, columns) is not null;
        return WeightSurvey.Coded(weights.IsFloat ? WeightFormat.F8E4M3 : WeightFormat.I8, rows, columns, weights.ScaleCount(rows, columns), hasZeros);
    }

    private (HostTensor Codes, HostTensor Scales) Take(WeightParts parts, int rows, int columns)
    {
        if (weights.Bits != 8)
        {
            throw parts.Fault($"has {weights.Bits}-bit codes in a format that stores a byte for each");
        }

        parts.Ignore("input_scale");
        parts.Ignore("input_zero_point");
        return (parts.Take("weight", [rows, columns], weights.IsFloat ? DType.F8E4M3 : DType.I8), weights.TakeScales(parts, rows, columns));
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
