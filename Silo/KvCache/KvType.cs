namespace XLLM.Silo.KvCache;

/// <summary>How keys and values are kept.</summary>
internal enum KvType
{
    /// <summary>32 bits, exactly as computed.</summary>
    F32,

    /// <summary>16 bits: half the memory, rounded to 8 significant bits.</summary>
    BF16,

    /// <summary>8 bits and a scale per vector (a token's key or value of one head): about a quarter of the memory. What it costs: Silo/ARCHITECTURE.md.</summary>
    Int8,
}
