namespace XLLM.NativeBackends.Ops;

/// <summary>Which vector instructions the CPU backend uses. Values are part of the C ABI.</summary>
public enum InstructionSet
{
    /// <summary>The best that the processor has.</summary>
    Auto = 0,

    /// <summary>What every processor of the architecture has: SSE2 on x86-64, NEON on arm64.</summary>
    Portable = 1,

    /// <summary>AVX2 with FMA and F16C.</summary>
    Avx2 = 2,

    /// <summary>AVX-512 F, BW, VL and DQ.</summary>
    Avx512 = 3,
}
