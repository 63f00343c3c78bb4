using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights.Quantization;

/// <summary><c>group_size</c>: columns that share a scale; -1: the whole row.</summary>
internal static class GroupSize
{
    /// <summary>Reads the field.</summary>
    /// <exception cref="UnsupportedModelException">Not a multiple of what kernels load at once.</exception>
    public static int Read(ModelConfigReader section)
    {
        var size = section.Integer("group_size", least: -1, most: 1 << 20);
        return size == -1 || (size > 0 && size % WeightFormats.ScaleColumns == 0)
            ? size
            : throw section.Unsupported("group_size", $"is {size}; supported: -1 and multiples of {WeightFormats.ScaleColumns}");
    }

    /// <summary>Columns of a group in a matrix of so many.</summary>
    public static int Of(int groupSize, int columns) => groupSize == -1 ? Math.Max(columns, 1) : groupSize;
}
