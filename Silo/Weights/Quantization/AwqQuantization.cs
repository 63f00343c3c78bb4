using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights.Quantization;

/// <summary>AWQ with 4 bits, in the layout of its GEMM kernel (<c>quant_method: awq</c>).</summary>
/// <remarks>
/// Tensors, for a matrix [rows outputs, columns inputs]: <c>qweight</c> I32 [columns, rows / 8], <c>qzeros</c> I32 [groups, rows / 8], <c>scales</c> F16 [groups, rows].
/// A word holds eight neighbouring rows; from its low bits up they are rows 0, 2, 4, 6, 1, 3, 5, 7. The value is (code - zero) * scale.
/// Source: Lin et al. 2023, arXiv:2306.00978, for the method; AutoAWQ's published checkpoints for the layout.
/// </remarks>
internal sealed class AwqQuantization : IQuantization, IWeightScheme
{
    private const int RowsOfWord = 8;

    /// <summary>Where in a word row i of its eight is.</summary>
    private static readonly int[] PlaceOf = [0, 4, 1, 5, 2, 6, 3, 7];

    private readonly int _groupColumns;
    private readonly IReadOnlyList<string> _dense;

    private AwqQuantization(int groupColumns, IReadOnlyList<string> dense) => (_groupColumns, _dense) = (groupColumns, dense);

    /// <summary>Reads the section.</summary>
    public static AwqQuantization Read(ModelConfigReader section)
    {
        if (section.Integer("bits") is var bits and not 4)
        {
            throw section.Unsupported("bits", $"is {bits}; supported: 4");
        }

        if (section.OptionalText("version")?.ToUpperInvariant() is { } version and not "GEMM")
        {
            throw section.Unsupported("version", $"is \"{version}\"; supported: gemm");
        }

        return section.Flag("zero_point", missing: true)
            ? new(GroupSize.Read(section), ModuleNames.Check(section, "modules_to_not_convert"))
            : throw section.Unsupported("zero_point", "is false; supported: true");
    }

    /// <inheritdoc/>
    public IWeightScheme SchemeOf(WeightParts parts) =>
        parts.Has("qweight") || (parts.AreMade && !ModuleNames.IsUsuallyDense(parts.Module) && !ModuleNames.Contain(_dense, parts.Module)) ? this : DenseScheme.Instance;

    /// <inheritdoc/>
    public HostWeight Read(WeightParts parts, int rows, int columns)
    {
        var groupColumns = GroupSize.Of(_groupColumns, columns);
        var groups = columns / groupColumns;
        var (words, zeros, scales) = Take(parts, rows, columns, groupColumns);
        return new HostWeight(parts.Name, WeightFormat.I4, rows, columns, PackedCodes.Int4FromColumns(parts.Name, words, rows, columns, PlaceOf))
        {
            Scales = Transposed.Floats(scales),
            Zeros = Zeros(parts, zeros, groups, rows),
            ColumnBlock = groupColumns,
        };
    }

    /// <inheritdoc/>
    public WeightSurvey Survey(WeightParts parts, int rows, int columns)
    {
        var groupColumns = GroupSize.Of(_groupColumns, columns);
        _ = Take(parts, rows, columns, groupColumns);
        return WeightSurvey.Coded(WeightFormat.I4, rows, columns, (long)rows * (columns / groupColumns), zeros: true);
    }

    private static (HostTensor Words, HostTensor Zeros, HostTensor Scales) Take(WeightParts parts, int rows, int columns, int groupColumns)
    {
        if (rows % RowsOfWord != 0 || columns % groupColumns != 0)
        {
            throw parts.Fault($"is [{rows}, {columns}]; AWQ in groups of {groupColumns} columns packs {RowsOfWord} rows to a word");
        }

        var groups = columns / groupColumns;
        parts.IgnoreZeros("bias");
        return (
            parts.Take("qweight", [columns, rows / RowsOfWord], DType.I32),
            parts.Take("qzeros", [groups, rows / RowsOfWord], DType.I32),
            parts.Take("scales", [groups, rows], DType.F16, DType.BF16, DType.F32));
    }

    private static HostTensor Zeros(WeightParts parts, HostTensor packed, int groups, int rows)
    {
        var words = packed.Values<uint>();
        var zeros = HostMemory.Tensor($"{parts.Module}.qzeros", DType.U8, rows, groups);
        var result = zeros.Values<byte>();
        for (var group = 0; group < groups; group++)
        {
            for (var row = 0; row < rows; row++)
            {
                var word = words[(group * (rows / RowsOfWord)) + (row / RowsOfWord)];
                result[(row * groups) + group] = (byte)((word >> (PlaceOf[row % RowsOfWord] * 4)) & 15);
            }
        }

        GC.KeepAlive(packed.Owner);
        return zeros;
    }
}
