namespace XLLM.NativeBackends.Ops;

/// <summary>Keys and values of one attention layer inside a KV pool. A KV block holds all layers of its group, one after the other.</summary>
/// <param name="Pool">Address of KV block 0 of the pool.</param>
/// <param name="DType">Element type of keys and values: F32, BF16, or I8 with a scale per vector (<see cref="VectorBytes"/>).</param>
/// <param name="BlockTokens">Tokens of one KV block.</param>
/// <param name="KvHeads">Key and value heads.</param>
/// <param name="HeadSize">Columns of one head.</param>
/// <param name="BlockStride">Bytes from one KV block to the next.</param>
/// <param name="KeyOffset">Bytes from a block's start to this layer's keys, laid out [KvHeads, BlockTokens, HeadSize].</param>
/// <param name="ValueOffset">Bytes from a block's start to this layer's values, laid out [KvHeads, BlockTokens, HeadSize]; for latent vectors, which are key and
/// value in one, to the index keys that belong to them, where there are any.</param>
public readonly record struct KvLayer(
    nint Pool, DType DType, int BlockTokens, int KvHeads, int HeadSize, long BlockStride, long KeyOffset, long ValueOffset)
{
    /// <summary>Bytes of one head's key or value of one token. An I8 vector is its scale, F32, then a signed code per column: the number is code * scale, scale is the
    /// largest magnitude / 127, codes are rounded to nearest, ties to even; a vector with a number that is not finite has the scale NaN.</summary>
    /// <param name="dtype">Element type.</param>
    /// <param name="columns">Columns of the vector.</param>
    public static long VectorBytes(DType dtype, int columns) => ((long)columns * dtype.Size()) + (dtype == DType.I8 ? sizeof(float) : 0);

    /// <summary>The index keys beside this layer's latent vectors, laid out [BlockTokens, columns].</summary>
    /// <param name="columns">Columns of an index key.</param>
    public KvLayer IndexKeys(int columns) => this with { HeadSize = columns, KeyOffset = ValueOffset };
}
