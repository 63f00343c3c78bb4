namespace XLLM.Silo.Transfer;

/// <summary>In which form KV blocks are kept outside the device pool.</summary>
internal enum KvForm
{
    /// <summary>The pool's own bytes: tokens are the same bit for bit as without tiers.</summary>
    Exact = 0,

    /// <summary>8-bit codes with a scale per 64 elements: about a quarter of F32. Not exact.</summary>
    Int8 = 1,

    /// <summary>Byte planes, compressed by Zstandard: exact, smaller, and slower.</summary>
    Zstd = 2,
}

/// <summary>When a KV block is copied from the device pool to the slower tiers.</summary>
internal enum KvWritePolicy
{
    /// <summary>When it is evicted, tier by tier: the cheapest.</summary>
    WriteBack,

    /// <summary>When the engine is idle after it was computed, or when it is evicted, to all tiers: survives the process.</summary>
    WriteThrough,

    /// <summary>As write-through, but only blocks that were reused <see cref="KvTierOptions.SelectiveHits"/> times.</summary>
    Selective,
}
