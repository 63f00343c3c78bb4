using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights.Quantization;

/// <summary>FP8 E4M3 with a scale for every block of the matrix: DeepSeek-V3 and later, Qwen3-FP8 and others (<c>quant_method: fp8</c>).</summary>
/// <remarks>
/// Tensors: <c>weight</c> F8_E4M3 [rows, columns] and <c>weight_scale_inv</c> [rows / block, columns / block], rounded up; the value is code * scale, whatever "inv" says.
/// Without <c>weight_block_size</c> one scale is for all. Modules without a scale are plain floats: that is how published checkpoints leave the router and the head.
/// </remarks>
internal sealed class Fp8Quantization : IQuantization, IWeightScheme
{
    private const string Scales = "weight_scale_inv";
    private const string ScaleOfAll = "weight_scale";

    private readonly int[]? _block;
    private readonly IReadOnlyList<string> _dense;

    private Fp8Quantization(int[]? block, IReadOnlyList<string> dense) => (_block, _dense) = (block, dense);

    /// <summary>Reads the section.</summary>
    public static Fp8Quantization Read(ModelConfigReader section)
    {
        if (section.OptionalText("fmt") is { } format and not "e4m3")
        {
            throw section.Unsupported("fmt", $"is \"{format}\"; supported: e4m3");
        }

        var block = section.TokenIds("weight_block_size").ToArray();
        if (block.Length is not (0 or 2) || block.Contains(0))
        {
            throw section.Fault("weight_block_size", $"is [{string.Join(", ", block)}]; expected [rows, columns], each at least 1");
        }

        if (block is [_, var columns] && columns % WeightFormats.ScaleColumns != 0)
        {
            throw section.Unsupported("weight_block_size", $"is [{string.Join(", ", block)}]; columns must be a multiple of {WeightFormats.ScaleColumns}");
        }

        return new(block.Length == 0 ? null : block, [.. ModuleNames.Check(section, "modules_to_not_convert"), .. ModuleNames.Check(section, "ignored_layers")]);
    }

    /// <inheritdoc/>
    public IWeightScheme SchemeOf(WeightParts parts) => IsQuantized(parts) ? this : DenseScheme.Instance;

    /// <inheritdoc/>
    public HostWeight Read(WeightParts parts, int rows, int columns)
    {
        var (rowBlock, columnBlock) = BlockOf(rows, columns);
        var (codes, scales, shape) = Take(parts, rows, columns);
        return new HostWeight(parts.Name, WeightFormat.F8E4M3, rows, columns, codes)
        {
            Scales = scales with { Shape = shape },
            RowBlock = rowBlock,
            ColumnBlock = columnBlock,
        };
    }

    /// <inheritdoc/>
    public WeightSurvey Survey(WeightParts parts, int rows, int columns)
    {
        var (_, _, shape) = Take(parts, rows, columns);
        return WeightSurvey.Coded(WeightFormat.F8E4M3, rows, columns, Math.BigMul(shape[0], shape[1]));
    }

    private (int Rows, int Columns) BlockOf(int rows, int columns) => _block is [var r, var c] ? (r, c) : (Math.Max(rows, 1), Math.Max(columns, 1));

    private (HostTensor Codes, HostTensor Scales, int[] Shape) Take(WeightParts parts, int rows, int columns)
    {
        var codes = parts.Take("weight", [rows, columns], DType.F8E4M3);
        parts.Ignore("input_scale");
        parts.Ignore("activation_scale");
        var (rowBlock, columnBlock) = BlockOf(rows, columns);
        int[] shape = [(rows + rowBlock - 1) / rowBlock, (columns + columnBlock - 1) / columnBlock];
        var name = parts.Has(Scales) || parts.AreMade ? Scales : ScaleOfAll;
        return (codes, _block is null ? parts.TakeScales(name, shape, [1], []) : parts.TakeScales(name, shape), shape);
    }

    private bool IsQuantized(WeightParts parts) => parts.AreMade
        ? !ModuleNames.IsUsuallyDense(parts.Module) && !ModuleNames.Contain(_dense, parts.Module)
        : parts.Has(Scales) || parts.Has(ScaleOfAll);
}
