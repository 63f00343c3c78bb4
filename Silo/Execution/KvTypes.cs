using XLLM.NativeBackends.Ops;
using XLLM.Silo.KvCache;

namespace XLLM.Silo.Execution;

/// <summary>The backend's name for how keys and values are kept.</summary>
internal static class KvTypes
{
    /// <summary>The element type of the pool.</summary>
    public static DType ElementType(this KvType type) => type switch
    {
        KvType.F32 => DType.F32,
        KvType.BF16 => DType.BF16,
        KvType.Int8 => DType.I8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "keys and values are kept as F32, BF16 or Int8"),
    };
}
