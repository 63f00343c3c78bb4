using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights.Gguf;

/// <summary>An element type of GGUF files.</summary>
/// <param name="Name">As its users write it.</param>
/// <param name="UnitColumns">Elements of the smallest unit.</param>
/// <param name="UnitBytes">Bytes of that unit.</param>
/// <param name="Dense">The type as ours, for plain elements.</param>
/// <param name="Blocks">The format as ours, for blocks; null for those that nothing here computes with.</param>
internal sealed record GgufType(string Name, int UnitColumns, int UnitBytes, DType? Dense = null, WeightFormat? Blocks = null)
{
    private static readonly Dictionary<uint, GgufType> Types = new()
    {
        [0] = new("F32", 1, 4, DType.F32),
        [1] = new("F16", 1, 2, DType.F16),
        [2] = new("Q4_0", 32, 18, Blocks: WeightFormat.Q4_0),
        [3] = new("Q4_1", 32, 20),
        [6] = new("Q5_0", 32, 22),
        [7] = new("Q5_1", 32, 24),
        [8] = new("Q8_0", 32, 34, Blocks: WeightFormat.Q8_0),
        [9] = new("Q8_1", 32, 36),
        [10] = new("Q2_K", 256, 84),
        [11] = new("Q3_K", 256, 110),
        [12] = new("Q4_K", 256, 144, Blocks: WeightFormat.Q4_K),
        [13] = new("Q5_K", 256, 176, Blocks: WeightFormat.Q5_K),
        [14] = new("Q6_K", 256, 210, Blocks: WeightFormat.Q6_K),
        [15] = new("Q8_K", 256, 292),
        [16] = new("IQ2_XXS", 256, 66),
        [17] = new("IQ2_XS", 256, 74),
        [18] = new("IQ3_XXS", 256, 98),
        [19] = new("IQ1_S", 256, 50),
        [20] = new("IQ4_NL", 32, 18),
        [21] = new("IQ3_S", 256, 110),
        [22] = new("IQ2_S", 256, 82),
        [23] = new("IQ4_XS", 256, 136),
        [24] = new("I8", 1, 1),
        [25] = new("I16", 1, 2),
        [26] = new("I32", 1, 4, DType.I32),
        [27] = new("I64", 1, 8, DType.I64),
        [28] = new("F64", 1, 8),
        [29] = new("IQ1_M", 256, 56),
        [30] = new("BF16", 1, 2, DType.BF16),
    };

    /// <summary>Names of the types that weights may have.</summary>
    public static string Supported { get; } = string.Join(", ", Types.Values.Where(type => type.Blocks is not null || type.Dense is DType.F32 or DType.F16 or DType.BF16).Select(type => type.Name));

    /// <summary>The type of a number in a file, or null.</summary>
    public static GgufType? Find(uint number) => Types.GetValueOrDefault(number);
}
