namespace XLLM.NativeBackends.Ops;

/// <summary>Element types, named as safetensors names them. The values are part of the C ABI and of nothing that is stored.</summary>
public enum DType
{
    /// <summary>IEEE 754 binary32.</summary>
    F32 = 0,

    /// <summary>The upper half of a binary32: 8 exponent bits, 7 stored significand bits.</summary>
    BF16 = 1,

    /// <summary>IEEE 754 binary16.</summary>
    F16 = 2,

    /// <summary>Signed 32-bit integer: token ids, positions, block tables.</summary>
    I32 = 3,

    /// <summary>Signed 8-bit integer.</summary>
    I8 = 4,

    /// <summary>Unsigned 8-bit integer; also packed formats whose meaning the weight format tells.</summary>
    U8 = 5,

    /// <summary>8-bit float, 4 exponent and 3 significand bits, no infinities (OCP FP8 E4M3FN).</summary>
    F8E4M3 = 6,

    /// <summary>Signed 64-bit integer; read from checkpoints, never computed with.</summary>
    I64 = 7,
}

/// <summary>Sizes and names of <see cref="DType"/>.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this DType type) => type switch
    {
        DType.F32 or DType.I32 => 4,
        DType.BF16 or DType.F16 => 2,
        DType.I8 or DType.U8 or DType.F8E4M3 => 1,
        DType.I64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no such element type"),
    };
}
