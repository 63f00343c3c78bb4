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
            throw new OpException(
                $"linear_heads: rows {slice.First} to {slice.First + slice.Count} of each {slice.Stride} for {slice.Heads} heads do not fit weight {weight}");
        }

        var inputs = transposed ? slice.Count : weight.Columns;
        if (x.Columns != (long)slice.Heads * inputs)
        {
            throw new OpException($"linear_heads: x {x} does not have {slice.Heads} heads of {inputs} columns");
        }
    }

    public static void LatentAttention(Tensor q, Tensor latent, KvLayer kv, AttentionBatch batch, int valueColumns, Tensor? selection)
    {
        RequireFloats("latent_attention", "q", q);
        RequireFloats("latent_attention", "latent", latent);
        if (kv.KvHeads != 1 || kv.HeadSize < 1 || valueColumns < 1 || valueColumns > kv.HeadSize || q.Columns < kv.HeadSize || q.Columns % kv.HeadSize != 0)
        {
            throw new OpException($"latent_attention: q {q} and {valueColumns} value columns do not fit a pool of {kv.KvHeads} heads of {kv.HeadSize} columns");
        }

        RequirePool("latent_attention", kv);
        RequireRowsAndColumns("latent_attention", "latent", latent, q.Rows, kv.HeadSize);
        RequireBatch("latent_attention", q, kv, batch);
        if (selection is { } chosen)
        {
            RequireSelection(q, batch, chosen);
        }
    }

    public static void SelectPositions(Tensor q, Tensor keys, Tensor weights, KvLayer kv, AttentionBatch batch, int most)
    {
        RequireFloats("select_positions", "q", q);
        RequireFloats("select_positions", "keys", keys);
        RequireFloats("select_positions", "weights", weights);
        if (kv.KvHeads != 1 || kv.HeadSize < 1 || weights.Columns < 1 || q.Columns != (long)weights.Columns * kv.HeadSize)
        {
            throw new OpException($"select_positions: q {q} and weights {weights} do not fit a pool of {kv.KvHeads} heads of {kv.HeadSize} columns");
        }

        if (most < 1)
        {
            throw new OpException($"select_positions: {most} positions of a row; it must be at least 1");
        }

        RequirePool("select_positions", kv);
        RequireRowsAndColumns("select_positions", "keys", keys, q.Rows, kv.HeadSize);
        RequireRowsAndColumns("select_positions", "weights", weights, q.Rows, weights.Columns);
        RequireBatch("select_positions", q, kv, batch);
    }

    /// <summary>Columns of a selection: no row sees more than its block table holds.</summary>
    public static int SelectedColumns(KvLayer kv, AttentionBatch batch, int most) =>
        (int)Math.Clamp((long)batch.BlockTables.Columns * Math.Max(kv.BlockTokens, 0), 0, Math.Max(most, 0));

    /// <summary>Every row of a selection holds positions that the row may see, ascending, then -1 to its end; at least one.</summary>
    private static unsafe void RequireSelection(Tensor q, AttentionBatch batch, Tensor selection)
    {
        if (selection.DType != DType.I32 || selection.Rows != q.Rows || selection.Columns < 1)
        {
            throw new OpException($"latent_attention: selection {selection} must be I32 with a row for each of q {q}");
        }

        var starts = (int*)batch.RowStarts.Data;
        var contexts = (int*)batch.ContextLengths.Data;
        for (var s = 0; s < batch.Sequences; s++)
        {
            for (var r = starts[s]; r < starts[s + 1]; r++)
            {
                RequireSelectedRow(r, contexts[s] - starts[s + 1] + r, new((int*)selection.Data + ((long)r * selection.RowStride), selection.Columns));
            }
        }
    }

    private static void RequireSelectedRow(int row, int own, ReadOnlySpan<int> positions)
    {
        var last = -1;
        foreach (var position in positions)
        {
            if (position == -1)
            {
                break;
            }

            if (position <= last || position > own)
            {
                throw new OpException($"latent_attention: row {row} at position {own} selects position {position} after {last}");
            }

            last = position;
        }

        if (last < 0)
        {
            throw new OpException($"latent_attention: row {row} at position {own} selects no position");
        }
    }
}
