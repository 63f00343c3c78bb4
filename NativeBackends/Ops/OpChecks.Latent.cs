namespace XLLM.NativeBackends.Ops;

internal static partial class OpChecks
{
    public static void SliceHeads(Tensor x, int headSize, int first, int count)
    {
        RequireFloats("slice_heads", "x", x);
        if (headSize < 1 || x.Columns % headSize != 0 || first < 0 || count < 1 || first + count > headSize)
        {
            throw new OpException($"slice_heads: columns {first} to {first + count} of heads of {headSize} do not fit x {x}");
        }
    }

    public static void JoinHeads(Tensor a, Tensor b, int heads)
    {
        RequireFloats("join_heads", "a", a);
        RequireFloats("join_heads", "b", b);
        if (a.Rows != b.Rows || heads < 1 || a.Columns % heads != 0 || b.Columns % heads != 0)
        {
            throw new OpException($"join_heads: a {a} and b {b} do not divide into {heads} heads of the same rows");
        }
    }

    public static void LinearHeads(Tensor x, Weight weight, HeadSlice slice, bool transposed)
    {
        RequireFloats("linear_heads", "x", x);
        if (slice.Heads < 1 || slice.First < 0 || slice.Count < 1 || slice.First + slice.Count > slice.Stride || (long)slice.Heads * slice.Stride != weight.Rows)
        {
            throw new OpException($"linear_heads: {slice} does not fit weight {weight}");
        }

        var inputs = transposed ? slice.Count : weight.Columns;
        if (x.Columns != (long)slice.Heads * inputs)
        {
            throw new OpException($"linear_heads: x {x} does not have {slice.Heads} heads of {inputs} columns");
        }
    }

    public static void LatentAttention(Tensor q, Tensor latent, KvLayer kv, AttentionBatch batch, int valueColumns, Tensor? selection)
    {
        if (kv.KvHeads != 1 || valueColumns < 1 || valueColumns > kv.HeadSize || q.Columns % kv.HeadSize != 0)
        {
            throw new OpException($"latent_attention: q {q} and {valueColumns} value columns do not fit a pool of {kv.KvHeads} heads of {kv.HeadSize} columns");
        }

        // Latent vectors are keys that every head shares, so the checks are those of attention with one KV head.
        PagedAttention(q, latent, latent, kv, batch, new HeadLayout(q.Columns / kv.HeadSize, 1, kv.HeadSize));
        if (selection is { } chosen && (chosen.DType != DType.I32 || chosen.Rows != q.Rows))
        {
            throw new OpException($"latent_attention: selection {chosen} must be I32 with a row for each of q {q}");
        }
    }
}
