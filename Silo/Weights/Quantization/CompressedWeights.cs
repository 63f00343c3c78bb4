using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights.Quantization;

/// <summary>The <c>weights</c> entry of a compressed-tensors group: what the codes are, and which of them share a scale.</summary>
/// <param name="Bits">4 or 8.</param>
/// <param name="IsFloat">FP8 E4M3 instead of integers.</param>
/// <param name="IsSymmetric">No zero points.</param>
/// <param name="Block">Rows and columns that share a scale; 0: all of them.</param>
internal sealed record CompressedWeights(int Bits, bool IsFloat, bool IsSymmetric, (int Rows, int Columns) Block)
{
    /// <summary>Reads the entry.</summary>
    /// <exception cref="UnsupportedModelException">A combination that this build does not have.</exception>
    public static CompressedWeights Read(ModelConfigReader section)
    {
        var bits = section.Integer("num_bits");
        var type = section.OptionalText("type") ?? "int";
        if ((type, bits) is not (("int", 4) or ("int", 8) or ("float", 8)))
        {
            throw section.Unsupported("type", $"is \"{type}\" with {bits} bits; supported: int with 4 or 8, float with 8");
        }

        var strategy = section.OptionalText("strategy") ?? (section.Has("group_size") ? "group" : "tensor");
        return new(bits, type == "float", section.Flag("symmetric", missing: true), strategy switch
        {
            "tensor" => (0, 0),
            "channel" => (1, 0),
            "group" => (1, GroupSize.Read(section) is var size and not -1 ? size : 0),
            "block" => ReadBlock(section),
            _ => throw section.Unsupported("strategy", $"is \"{strategy}\"; supported: tensor, channel, group, block"),
        });
    }

    /// <summary>The block in a matrix of so many rows and columns.</summary>
    public (int Rows, int Columns) BlockOf(int rows, int columns) =>
        (Block.Rows == 0 ? Math.Max(rows, 1) : Block.Rows, Block.Columns == 0 ? Math.Max(columns, 1) : Block.Columns);

    /// <summary>Takes the scales, of whatever shape exporters give them.</summary>
    /// <returns>F32 [row blocks, column blocks].</returns>
    public HostTensor TakeScales(WeightParts parts, int rows, int columns)
    {
        var shape = ScaleShape(rows, columns);
        var scales = shape is [1, 1] ? parts.TakeScales("weight_scale", shape, [1], []) : shape[1] == 1 ? parts.TakeScales("weight_scale", shape, [shape[0]]) : parts.TakeScales("weight_scale", shape);
        return scales with { Shape = shape };
    }

    /// <summary>Blocks in a matrix of so many rows and columns.</summary>
    public int[] ScaleShape(int rows, int columns)
    {
        var (rowBlock, columnBlock) = BlockOf(rows, columns);
        return [(rows + rowBlock - 1) / rowBlock, (columns + columnBlock - 1) / columnBlock];
    }

    /// <summary>Scales of a matrix of so many rows and columns.</summary>
    public long ScaleCount(int rows, int columns) => ScaleShape(rows, columns) is var shape ? Math.BigMul(shape[0], shape[1]) : 0;

    private static (int Rows, int Columns) ReadBlock(ModelConfigReader section)
    {
        var block = section.TokenIds("block_structure");
        return block is [> 0, > 0] && block[1] % WeightFormats.ScaleColumns == 0
            ? (block[0], block[1])
            : throw section.Unsupported("block_structure", $"is [{string.Join(", ", block)}]; supported: [rows, columns], columns a multiple of {WeightFormats.ScaleColumns}");
    }
}
