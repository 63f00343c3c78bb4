namespace XLLM.NativeBackends.Ops;

/// <summary>What every op demands of its arguments. Each method throws <see cref="OpException"/> with both shapes or numbers, or returns.</summary>
/// <remarks>The C interface makes the same checks in <c>native/abi/checks.h</c>, for callers in any language; the parity tests hold the two together.</remarks>
internal static partial class OpChecks
{
    public static void Embedding(Tensor ids, Weight table)
    {
        RequireIntegers("embedding", "ids", ids);
        RequireInRange("embedding", "id", ids, table.Rows, table);
    }

    public static void Rows(Tensor x, Tensor indices)
    {
        RequireFloats("rows", "x", x);
        RequireIntegers("rows", "indices", indices);
        RequireInRange("rows", "index", indices, x.Rows, x);
    }

    public static void RmsNorm(Tensor x, Tensor weight)
    {
        RequireFloats("rms_norm", "x", x);
        RequireFloats("rms_norm", "weight", weight);
        if (weight.Rows != 1 || weight.Columns != x.Columns)
        {
            throw new OpException($"rms_norm: weight {weight} does not fit x {x}");
        }
    }

    public static void RmsNormHeads(Tensor x, Tensor weight)
    {
        RequireFloats("rms_norm_heads", "x", x);
        RequireFloats("rms_norm_heads", "weight", weight);
        if (weight.Rows != 1 || weight.Columns == 0 || x.Columns % weight.Columns != 0)
        {
            throw new OpException($"rms_norm_heads: weight {weight} does not divide the columns of x {x} into heads");
        }
    }

    public static void LayerNorm(Tensor x, Tensor weight, Tensor bias)
    {
        RequireFloats("layer_norm", "x", x);
        RequireFloats("layer_norm", "weight", weight);
        RequireFloats("layer_norm", "bias", bias);
        if (weight.Rows != 1 || weight.Columns != x.Columns || bias.Rows != 1 || bias.Columns != x.Columns)
        {
            throw new OpException($"layer_norm: weight {weight} and bias {bias} do not fit x {x}");
        }
    }

    public static void Linear(Tensor x, Weight weight, Tensor? bias)
    {
        RequireFloats("linear", "x", x);
        if (x.Columns != weight.Columns)
        {
            throw new OpException($"linear: x {x} does not fit weight {weight}");
        }

        if (bias is { } b)
        {
            RequireFloats("linear", "bias", b);
            if (b.Rows != 1 || b.Columns != weight.Rows)
            {
                throw new OpException($"linear: bias {b} does not fit weight {weight}");
            }
        }
    }

    public static void Add(Tensor x, Tensor y) => RequireSameShape("add", "x", x, "y", y);

    public static void SiluMultiply(Tensor gate, Tensor up) => RequireSameShape("silu_multiply", "gate", gate, "up", up);

    public static void RopeAngles(Tensor positions, RopeTable rope)
    {
        RequireIntegers("rope_angles", "positions", positions);
        RequireFloats("rope_angles", "frequencies", rope.InverseFrequencies);
        if (rope.InverseFrequencies.Rows != 1)
        {
            throw new OpException($"rope_angles: frequencies {rope.InverseFrequencies} must have 1 row");
        }
    }

    public static void Rotate(Tensor x, Tensor angles, int headSize, RopePairing pairing)
    {
        RequireFloats("rotate", "x", x);
        RequireFloats("rotate", "angles", angles);
        if (angles.Rows != x.Rows || angles.Columns % 2 != 0)
        {
            throw new OpException($"rotate: angles {angles} do not fit x {x}");
        }

        if (headSize < 1 || headSize < angles.Columns || x.Columns % headSize != 0)
        {
            throw new OpException($"rotate: head size {headSize} does not fit x {x} and angles {angles}");
        }

        if (pairing is not (RopePairing.Halves or RopePairing.Interleaved))
        {
            throw new OpException($"rotate: pairing {(int)pairing} is not 0 (halves) or 1 (interleaved)");
        }
    }

    public static void PagedAttention(Tensor q, Tensor k, Tensor v, KvLayer kv, AttentionBatch batch, HeadLayout heads)
    {
        RequireFloats("paged_attention", "q", q);
        RequireFloats("paged_attention", "k", k);
        RequireFloats("paged_attention", "v", v);
        if (heads.KvHeads < 1 || heads.HeadSize < 1 || heads.QueryHeads < 1 || heads.QueryHeads % heads.KvHeads != 0)
        {
            throw new OpException(
                $"paged_attention: {heads.QueryHeads} query heads of {heads.HeadSize} columns are not a multiple of {heads.KvHeads} KV heads");
        }

        if (kv.KvHeads != heads.KvHeads || kv.HeadSize != heads.HeadSize)
        {
            throw new OpException(
                $"paged_attention: the pool has {kv.KvHeads} KV heads of {kv.HeadSize} columns, the model {heads.KvHeads} of {heads.HeadSize}");
        }

        RequirePool("paged_attention", kv);
        if (q.Columns != heads.QueryWidth)
        {
            throw new OpException($"paged_attention: q {q} does not have {heads.QueryWidth} columns");
        }

        RequireRowsAndColumns("paged_attention", "k", k, q.Rows, heads.KvWidth);
        RequireRowsAndColumns("paged_attention", "v", v, q.Rows, heads.KvWidth);
        RequireBatch("paged_attention", q, kv, batch);
    }

    private static void RequirePool(string op, KvLayer kv)
    {
        if (kv.DType is not (DType.F32 or DType.BF16 or DType.I8) || kv.BlockTokens < 1)
        {
            throw new OpException($"{op}: a pool of {kv.DType} with {kv.BlockTokens} tokens a block; it must be F32, BF16 or I8 with at least 1");
        }
    }

    private static void RequireBatch(string op, Tensor q, KvLayer kv, AttentionBatch batch)
    {
        RequireIntegers(op, "context lengths", batch.ContextLengths);
        RequireIntegers(op, "row starts", batch.RowStarts);
        RequireIntegers(op, "slots", batch.Slots);
        if (batch.RowStarts.Columns != batch.Sequences + 1 || batch.Slots.Columns != q.Rows)
        {
            throw new OpException(
                $"{op}: row starts {batch.RowStarts} and slots {batch.Slots} do not fit {batch.Sequences} sequences and q {q}");
        }

        if (batch.BlockTables.DType != DType.I32 || batch.BlockTables.Rows != batch.Sequences)
        {
            throw new OpException($"{op}: block tables {batch.BlockTables} must be I32 with a row for each of {batch.Sequences} sequences");
        }

        RequireConsistentBatch(op, q, kv, batch);
    }

    private static unsafe void RequireConsistentBatch(string op, Tensor q, KvLayer kv, AttentionBatch batch)
    {
        var starts = (int*)batch.RowStarts.Data;
        var contexts = (int*)batch.ContextLengths.Data;
        var slots = (int*)batch.Slots.Data;
        if (starts[0] != 0 || starts[batch.Sequences] != q.Rows)
        {
            throw new OpException($"{op}: row starts go from {starts[0]} to {starts[batch.Sequences]}, q has rows 0 to {q.Rows}");
        }

        for (var s = 0; s < batch.Sequences; s++)
        {
            var rows = starts[s + 1] - starts[s];
            if (rows < 0 || contexts[s] < rows)
            {
                throw new OpException($"{op}: sequence {s} has {rows} rows and a context of {contexts[s]}");
            }

            var blocks = ((long)contexts[s] + kv.BlockTokens - 1) / kv.BlockTokens;
            if (blocks > batch.BlockTables.Columns)
            {
                throw new OpException(
                    $"{op}: sequence {s} has a context of {contexts[s]}, which needs {blocks} blocks; block tables {batch.BlockTables} have fewer");
            }

            var table = (int*)batch.BlockTables.Data + ((long)s * batch.BlockTables.RowStride);
            for (var b = 0; b < blocks; b++)
            {
                if (table[b] < 0)
                {
                    throw new OpException($"{op}: sequence {s} has block {table[b]} at {b}; blocks start at 0");
                }
            }
        }

        for (var r = 0; r < q.Rows; r++)
        {
            if (slots[r] < 0)
            {
                throw new OpException($"{op}: row {r} has slot {slots[r]}; slots start at 0");
            }
        }
    }

    private static void RequireFloats(string op, string name, Tensor tensor)
    {
        if (tensor.DType != DType.F32)
        {
            throw new OpException($"{op}: {name} {tensor} must be F32");
        }
    }

    private static void RequireIntegers(string op, string name, Tensor tensor)
    {
        if (tensor.DType != DType.I32 || tensor.Rows != 1)
        {
            throw new OpException($"{op}: {name} {tensor} must be [1, n] I32");
        }
    }

    private static unsafe void RequireInRange<T>(string op, string name, Tensor indices, int limit, T source)
    {
        var values = (int*)indices.Data;
        for (var i = 0; i < indices.Columns; i++)
        {
            if (values[i] < 0 || values[i] >= limit)
            {
                throw new OpException($"{op}: {name} {values[i]} at {i} is not in [0, {limit}), the rows of {source}");
            }
        }
    }

    private static void RequireSameShape(string op, string xName, Tensor x, string yName, Tensor y)
    {
        RequireFloats(op, xName, x);
        RequireFloats(op, yName, y);
        if (x.Rows != y.Rows || x.Columns != y.Columns)
        {
            throw new OpException($"{op}: {yName} {y} does not fit {xName} {x}");
        }
    }

    private static void RequireRowsAndColumns(string op, string name, Tensor tensor, int rows, int columns)
    {
        if (tensor.Rows != rows || tensor.Columns != columns)
        {
            throw new OpException($"{op}: {name} {tensor} is not [{rows}, {columns}]");
        }
    }
}
