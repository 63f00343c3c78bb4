using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

/// <summary>The formats that need no scales.</summary>
internal static class DenseFormats
{
    /// <summary>Every backend and instruction set with every dense format.</summary>
    public static TheoryData<string, WeightFormat> WithVariants =>
        [.. BackendVariants.Names.SelectMany(variant => new[] { WeightFormat.F32, WeightFormat.BF16, WeightFormat.F16 }.Select(format => (variant, format)))];
}
