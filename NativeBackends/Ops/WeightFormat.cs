namespace XLLM.NativeBackends.Ops;

#pragma warning disable CA1707 // Q8_0 and its like are the names that GGUF files, their tools and their users have for these formats.

/// <summary>How a weight matrix is stored. A model never looks; a backend has one dequantization rule per format. Values are part of the C ABI.</summary>
/// <remarks>
/// Few layouts, so that kernels see few: dense; codes with a scale per block of rows and columns; blocks of GGUF files as they lie there.
/// What a checkpoint stores otherwise (packed along the other axis, interleaved, in another column order) is brought into one of these when it is loaded.
/// All arithmetic below is F32, one rounding per operation, in the order that is written.
/// </remarks>
public enum WeightFormat
{
    /// <summary>Dense binary32.</summary>
    F32 = 0,

    /// <summary>Dense bfloat16.</summary>
    BF16 = 1,

    /// <summary>Dense binary16.</summary>
    F16 = 2,

    /// <summary>A byte per element, OCP FP8 E4M3FN: code * scale of its block.</summary>
    F8E4M3 = 3,

    /// <summary>A signed byte per element: (code - zero of its block) * scale of its block. Without zeros, zero is 0.</summary>
    I8 = 4,

    /// <summary>Four bits per element, 0 to 15: (code - zero of its block) * scale of its block. Without zeros, zero is 8.</summary>
    /// <remarks>32 columns take 16 bytes: byte i holds column i in its low half, column i + 16 in its high half. A row is filled up to a multiple of 32 columns.</remarks>
    I4 = 5,

    /// <summary>GGUF: 32 columns in 18 bytes: scale d as F16, 16 bytes of halves as in <see cref="I4"/>. d * (code - 8).</summary>
    Q4_0 = 6,

    /// <summary>GGUF: 32 columns in 34 bytes: scale d as F16, 32 signed bytes. d * code.</summary>
    Q8_0 = 7,

    /// <summary>GGUF: 256 columns in 144 bytes: d and m as F16, 8 scales and 8 minima of 6 bits in 12 bytes, 128 bytes of halves. (d * scale) * code - m * minimum.</summary>
    Q4_K = 8,

    /// <summary>GGUF: 256 columns in 176 bytes: as <see cref="Q4_K"/> with 32 bytes of fifth bits before the halves.</summary>
    Q5_K = 9,

    /// <summary>GGUF: 256 columns in 210 bytes: 128 bytes of low halves, 64 bytes of two high bits, 16 signed scales, d as F16. (d * scale) * (code - 32).</summary>
    Q6_K = 10,
}

/// <summary>Sizes of <see cref="WeightFormat"/>.</summary>
public static class WeightFormats
{
    /// <summary>Columns of a scale's block, unless it spans the row, are a multiple of this.</summary>
    public const int ScaleColumns = 32;

    /// <summary>Whether elements are plain floats.</summary>
    public static bool IsDense(this WeightFormat format) => format is WeightFormat.F32 or WeightFormat.BF16 or WeightFormat.F16;

    /// <summary>Whether codes have their scales in another place.</summary>
    public static bool HasScales(this WeightFormat format) => format is WeightFormat.F8E4M3 or WeightFormat.I8 or WeightFormat.I4;

    /// <summary>Columns of the smallest unit that is stored: a row has a multiple of them (<see cref="WeightFormat.I4"/>: is filled up to one).</summary>
    public static int UnitColumns(this WeightFormat format) => format switch
    {
        WeightFormat.I4 or WeightFormat.Q4_0 or WeightFormat.Q8_0 => 32,
        WeightFormat.Q4_K or WeightFormat.Q5_K or WeightFormat.Q6_K => 256,
        _ => 1,
    };

    /// <summary>Bytes of such a unit.</summary>
    public static int UnitBytes(this WeightFormat format) => format switch
    {
        WeightFormat.F32 => 4,
        WeightFormat.BF16 or WeightFormat.F16 => 2,
        WeightFormat.F8E4M3 or WeightFormat.I8 => 1,
        WeightFormat.I4 => 16,
        WeightFormat.Q4_0 => 18,
        WeightFormat.Q8_0 => 34,
        WeightFormat.Q4_K => 144,
        WeightFormat.Q5_K => 176,
        WeightFormat.Q6_K => 210,
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "no such weight format"),
    };

    /// <summary>Bytes of a row of codes.</summary>
    public static long RowBytes(this WeightFormat format, int columns) =>
        ((long)columns + format.UnitColumns() - 1) / format.UnitColumns() * format.UnitBytes();
}
