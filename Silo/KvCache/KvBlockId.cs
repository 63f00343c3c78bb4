namespace XLLM.Silo.KvCache;

/// <summary>Number of a KV block in the pool, from 0.</summary>
internal readonly record struct KvBlockId(int Value)
{
    /// <summary>The number, for error messages.</summary>
    public override string ToString() => $"block {Value}";
}
