using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights.Quantization;

/// <summary>What plain weights are quantized to while they are loaded.</summary>
internal enum QuantizeTo
{
    /// <summary>Nothing: they stay as they are.</summary>
    None,

    /// <summary>A signed byte per weight with a scale per output.</summary>
    Int8,

    /// <summary>Four bits per weight with a scale and a zero point per 32 inputs; tables and heads, which are most sensitive, a byte.</summary>
    Int4,
}

/// <summary>Quantizes plain weights while they are loaded: less memory and faster decode, for some accuracy (option <c>--quantize</c>).</summary>
/// <remarks>
/// int8: scale = largest magnitude of the row / 127, code = weight / scale rounded to nearest. 1 byte per weight and 4 per row.
/// int4: of 32 weights, scale = (largest or 0 - smallest or 0) / 15, zero = -smallest / scale rounded, code = weight / scale rounded + zero. 0.66 bytes per weight.
/// Routers of experts and matrices with fewer than 32 inputs stay as they are. No data is looked at: rounding to nearest alone.
/// </remarks>
/// <param name="inner">What is loaded; its weights are all plain.</param>
/// <param name="to">To what.</param>
internal sealed class QuantizeAtLoad(IWeightScheme inner, QuantizeTo to) : IQuantization, IWeightScheme
{
    private const int GroupColumns = 32;

    /// <summary>Last parts of names of the modules that stay plain: a rounding error here chooses another expert.</summary>
    private static readonly string[] Routers = ["gate", "shared_expert_gate", "router"];

    /// <summary>Tables and heads.</summary>
    private static readonly string[] Sensitive = ["embed_tokens", "lm_head"];

    /// <inheritdoc/>
    public IWeightScheme SchemeOf(WeightParts parts) => parts.Matrix == "weight" && !Routers.Contains(LastPart(parts)) ? this : inner;

    /// <inheritdoc/>
    public HostWeight Read(WeightParts parts, int rows, int columns)
    {
        var plain = inner.Read(parts, rows, columns);
        return columns < GroupColumns
            ? plain
            : to == QuantizeTo.Int8 || Sensitive.Contains(LastPart(parts)) ? ToInt8(plain) : ToInt4(plain);
    }

    /// <inheritdoc/>
    public WeightSurvey Survey(WeightParts parts, int rows, int columns)
    {
        var plain = inner.Survey(parts, rows, columns);
        return columns < GroupColumns
            ? plain
            : to == QuantizeTo.Int8 || Sensitive.Contains(LastPart(parts))
                ? WeightSurvey.Coded(WeightFormat.I8, rows, columns, rows)
                : WeightSurvey.Coded(WeightFormat.I4, rows, columns, (long)rows * ((columns + GroupColumns - 1) / GroupColumns), zeros: true);
    }

    /// <summary>Rounds each row to signed bytes.</summary>
    internal static HostWeight ToInt8(HostWeight plain)
    {
        var codes = HostMemory.Tensor(plain.Name, DType.I8, plain.Rows, plain.Columns);
        var scales = HostMemory.Tensor(plain.Name, DType.F32, plain.Rows, 1);
        Parallel.For(0, plain.Rows, () => new float[plain.Columns], (row, _, weights) =>
        {
            plain.Codes.ReadFloats((long)row * plain.Columns, weights);
            var most = 0f;
            foreach (var weight in weights)
            {
                most = Math.Max(most, Math.Abs(weight));
            }

            var scale = most > 0 ? most / 127 : 1;
            scales.Values<float>()[row] = scale;
            var target = codes.Row<sbyte>(row);
            for (var column = 0; column < weights.Length; column++)
            {
                target[column] = (sbyte)Math.Clamp(MathF.Round(weights[column] / scale), -127, 127);
            }

            return weights;
        }, _ => { });
        return new HostWeight(plain.Name, WeightFormat.I8, plain.Rows, plain.Columns, codes) { Scales = scales, ColumnBlock = plain.Columns };
    }

    /// <summary>Rounds each group of 32 columns to 16 steps.</summary>
    internal static HostWeight ToInt4(HostWeight plain)
    {
        var groups = (plain.Columns + GroupColumns - 1) / GroupColumns;
        var codes = HostMemory.Tensor(plain.Name, DType.U8, plain.Rows, (int)WeightFormat.I4.RowBytes(plain.Columns));
        var scales = HostMemory.Tensor(plain.Name, DType.F32, plain.Rows, groups);
        var zeros = HostMemory.Tensor(plain.Name, DType.U8, plain.Rows, groups);
        Parallel.For(0, plain.Rows, () => (Weights: new float[plain.Columns], Codes: new byte[plain.Columns]), (row, _, scratch) =>
        {
            plain.Codes.ReadFloats((long)row * plain.Columns, scratch.Weights);
            for (var group = 0; group < groups; group++)
            {
                var first = group * GroupColumns;
                var count = Math.Min(GroupColumns, plain.Columns - first);
                var (scale, zero) = RoundGroup(scratch.Weights.AsSpan(first, count), scratch.Codes.AsSpan(first, count));
                scales.Row<float>(row)[group] = scale;
                zeros.Row<byte>(row)[group] = zero;
            }

            Int4.PackRow(scratch.Codes, codes.Row<byte>(row));
            return scratch;
        }, _ => { });
        return new HostWeight(plain.Name, WeightFormat.I4, plain.Rows, plain.Columns, codes) { Scales = scales, Zeros = zeros, ColumnBlock = GroupColumns };
    }

    private static (float Scale, byte Zero) RoundGroup(ReadOnlySpan<float> weights, Span<byte> codes)
    {
        var (least, most) = (0f, 0f);
        foreach (var weight in weights)
        {
            least = Math.Min(least, weight);
            most = Math.Max(most, weight);
        }

        var scale = most > least ? (most - least) / 15 : 1;
        var zero = Math.Clamp(MathF.Round(-least / scale), 0, 15);
        for (var i = 0; i < weights.Length; i++)
        {
            codes[i] = (byte)Math.Clamp(MathF.Round(weights[i] / scale) + zero, 0, 15);
        }

        return (scale, (byte)zero);
    }

    private static string LastPart(WeightParts parts) => parts.Module[(parts.Module.LastIndexOf('.') + 1)..];
}
