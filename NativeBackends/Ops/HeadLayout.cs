namespace XLLM.NativeBackends.Ops;

/// <summary>How the columns of queries, keys and values divide into heads.</summary>
/// <param name="QueryHeads">Number of query heads; a multiple of <paramref name="KvHeads"/>.</param>
/// <param name="KvHeads">Number of key and value heads; query head h reads KV head h / (QueryHeads / KvHeads).</param>
/// <param name="HeadSize">Columns of one head.</param>
public readonly record struct HeadLayout(int QueryHeads, int KvHeads, int HeadSize)
{
    /// <summary>Columns of the queries.</summary>
    public int QueryWidth => QueryHeads * HeadSize;

    /// <summary>Columns of the keys, and of the values.</summary>
    public int KvWidth => KvHeads * HeadSize;
}
