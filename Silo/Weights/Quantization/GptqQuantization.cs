using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights.Quantization;

/// <summary>GPTQ with 4 or 8 bits (<c>quant_method: gptq</c>), in order or with columns sorted by importance (act-order).</summary>
/// <remarks>
/// Tensors, for a matrix [rows outputs, columns inputs]: <c>qweight</c> I32 [columns * bits / 32, rows], codes of neighbouring columns in one word, the first in its low bits;
/// <c>scales</c> F16 [groups, rows]; <c>qzeros</c> I32 [groups, rows * bits / 32], packed along the rows; <c>g_idx</c> I32 [columns], the group of each column, where columns were sorted.
/// The value is (code - zero) * scale. Files of <c>checkpoint_format: gptq</c> hold zero - 1 (modulo the codes), those of <c>gptq_v2</c> hold zero.
/// Source: Frantar et al. 2022, arXiv:2210.17323, for the method; AutoGPTQ's and GPTQModel's published checkpoints for the layout.
/// </remarks>
internal sealed class GptqQuantization : IQuantization, IWeightScheme
{
    private readonly int _bits;
    private readonly int _groupColumns;
    private readonly int _storedZeroIsLessBy;

    private GptqQuantization(int bits, int groupColumns, int storedZeroIsLessBy) => (_bits, _groupColumns, _storedZeroIsLessBy) = (bits, groupColumns, storedZeroIsLessBy);

    /// <summary>Reads the section.</summary>
    public static GptqQuantization Read(ModelConfigReader section)
    {
        var bits = section.Integer("bits");
        if (bits is not (4 or 8))
        {
            throw section.Unsupported("bits", $"is {bits}; supported: 4, 8");
        }

        if (section.Has("dynamic"))
        {
            throw section.Unsupported("dynamic", "gives modules options of their own: not supported");
        }

        return new(bits, GroupSize.Read(section), section.OptionalText("checkpoint_format") switch
        {
            null or "gptq" => 1,
            "gptq_v2" => 0,
            { } other => throw section.Unsupported("checkpoint_format", $"is \"{other}\"; supported: gptq, gptq_v2"),
        });
    }

    /// <inheritdoc/>
    public IWeightScheme SchemeOf(WeightParts parts) =>
        parts.Has("qweight") || (parts.AreMade && !ModuleNames.IsUsuallyDense(parts.Module)) ? this : DenseScheme.Instance;

    /// <inheritdoc/>
    public HostWeight Read(WeightParts parts, int rows, int columns)
    {
        var groupColumns = GroupSize.Of(_groupColumns, columns);
        var (codes, zeros, scales) = Take(parts, rows, columns, groupColumns);
        var groups = columns / groupColumns;
        var order = parts.Has("g_idx") ? ColumnOrder(parts, columns, groupColumns) : null;
        parts.IgnoreZeros("bias");      // some exporters give every layer a bias of zeros, whether the model has one or not
        return new HostWeight(parts.Name, _bits == 4 ? WeightFormat.I4 : WeightFormat.I8, rows, columns, Repack(parts, codes, rows, columns, order))
        {
            Scales = Transposed.Floats(scales),
            Zeros = Zeros(parts, zeros, groups, rows),
            Order = order,
            ColumnBlock = groupColumns,
        };
    }

    /// <inheritdoc/>
    public WeightSurvey Survey(WeightParts parts, int rows, int columns)
    {
        var groupColumns = GroupSize.Of(_groupColumns, columns);
        _ = Take(parts, rows, columns, groupColumns);
        var mayHaveOrder = parts.Has("g_idx") && parts.Take("g_idx", [columns], DType.I32).Elements > 0;
        parts.IgnoreZeros("bias");
        return WeightSurvey.Coded(_bits == 4 ? WeightFormat.I4 : WeightFormat.I8, rows, columns, (long)rows * (columns / groupColumns), zeros: true, mayHaveOrder);
    }

    private (HostTensor Codes, HostTensor Zeros, HostTensor Scales) Take(WeightParts parts, int rows, int columns, int groupColumns)
    {
        var perWord = 32 / _bits;
        if (columns % perWord != 0 || rows % perWord != 0 || columns % groupColumns != 0)
        {
            throw parts.Fault($"is [{rows}, {columns}]; {_bits}-bit GPTQ in groups of {groupColumns} packs {perWord} rows and columns to a word");
        }

        var groups = columns / groupColumns;
        return (
            parts.Take("qweight", [columns / perWord, rows], DType.I32),
            parts.Take("qzeros", [groups, rows / perWord], DType.I32),
            parts.Take("scales", [groups, rows], DType.F16, DType.BF16, DType.F32));
    }

    /// <summary>Sorts columns by group, in place of storing a group per column.</summary>
    /// <returns>I32: the input of each stored column; null where groups are in order already.</returns>
    private static HostTensor? ColumnOrder(WeightParts parts, int columns, int groupColumns)
    {
        var groups = parts.Take("g_idx", [columns], DType.I32).ToIntegers();
        if (groups.Select((group, column) => group == column / groupColumns).All(inOrder => inOrder))
        {
            return null;
        }

        var sizes = new int[columns / groupColumns];
        for (var column = 0; column < columns; column++)
        {
            _ = (uint)groups[column] < sizes.Length ? ++sizes[groups[column]] : throw parts.Fault($"has column {column} in group {groups[column]} by g_idx; there are {sizes.Length}");
        }

        if (Array.FindIndex(sizes, size => size != groupColumns) is var odd and >= 0)
        {
            throw parts.Fault($"has {sizes[odd]} columns in group {odd} by g_idx; each group must have {groupColumns}");
        }

        var inputs = Enumerable.Range(0, columns).OrderBy(column => groups[column]);        // stable: columns of a group keep their order
        var order = HostMemory.Tensor($"{parts.Module}.g_idx", DType.I32, columns);
        inputs.ToArray().CopyTo(order.Values<int>());
        return order;
    }

    private HostTensor Repack(WeightParts parts, HostTensor codes, int rows, int columns, HostTensor? order) => _bits == 4
        ? PackedCodes.Int4FromWords(parts.Name, codes, rows, columns, order)
        : PackedCodes.Int8FromWords(parts.Name, codes, rows, columns, order);

    /// <summary>[groups, rows] packed along the rows, to [rows, groups] a byte each; null where all are what the format has without zeros.</summary>
    private HostTensor? Zeros(WeightParts parts, HostTensor packed, int groups, int rows)
    {
        var (mask, middle) = ((1 << _bits) - 1, 1 << (_bits - 1));
        var perWord = 32 / _bits;
        var words = packed.Values<uint>();
        var zeros = HostMemory.Tensor($"{parts.Module}.qzeros", _bits == 4 ? DType.U8 : DType.I8, rows, groups);
        var result = zeros.Values<byte>();
        var isSymmetric = true;
        for (var group = 0; group < groups; group++)
        {
            for (var row = 0; row < rows; row++)
            {
                var word = words[(group * (rows / perWord)) + (row / perWord)];
                var zero = ((int)(word >> (row % perWord * _bits)) + _storedZeroIsLessBy) & mask;
                isSymmetric &= zero == middle;
                result[(row * groups) + group] = (byte)(_bits == 4 ? zero : zero - middle);
            }
        }

        GC.KeepAlive(packed.Owner);
        return isSymmetric ? null : zeros;
    }
}
