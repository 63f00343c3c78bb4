using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    private double[] _headSums = [];
    private int[] _visible = [];

    /// <inheritdoc/>
    public Tensor SliceHeads(Tensor x, int headSize, int first, int count)
    {
        OpChecks.SliceHeads(x, headSize, first, count);
        var heads = x.Columns / headSize;
        var result = _workspace.Allocate(DType.F32, x.Rows, heads * count);
        for (var r = 0; r < x.Rows; r++)
        {
            for (var h = 0; h < heads; h++)
            {
                Floats(x, r).Slice((h * headSize) + first, count).CopyTo(Floats(result, r).Slice(h * count, count));
            }
        }

        return result;
    }

    /// <inheritdoc/>
    public Tensor JoinHeads(Tensor a, Tensor b, int heads)
    {
        OpChecks.JoinHeads(a, b, heads);
        var (n, m) = (a.Columns / heads, b.Columns / heads);
        var result = _workspace.Allocate(DType.F32, a.Rows, heads * (n + m));
        for (var r = 0; r < a.Rows; r++)
        {
            for (var h = 0; h < heads; h++)
            {
                var target = Floats(result, r).Slice(h * (n + m), n + m);
                Floats(a, r).Slice(h * n, n).CopyTo(target);
                Floats(b, r).Slice(h * m, m).CopyTo(target[n..]);
            }
        }

        return result;
    }

    /// <inheritdoc/>
    public Tensor LinearHeads(Tensor x, Weight weight, HeadSlice slice, bool transposed)
    {
        OpChecks.LinearHeads(x, weight, slice, transposed);
        var columns = weight.Columns;
        var (inputs, outputs) = transposed ? (slice.Count, columns) : (columns, slice.Count);
        var result = _workspace.Allocate(DType.F32, x.Rows, slice.Heads * outputs);
        var row = Scratch(ref _weightRow, columns).AsSpan(0, columns);
        var sums = Scratch(ref _headSums, (long)x.Rows * outputs).AsSpan(0, x.Rows * outputs);
        for (var h = 0; h < slice.Heads; h++)
        {
            sums.Clear();
            for (var j = 0; j < slice.Count; j++)
            {
                WeightRows.Read(weight, (h * slice.Stride) + slice.First + j, row);
                for (var r = 0; r < x.Rows; r++)
                {
                    var input = Floats(x, r).Slice(h * inputs, inputs);
                    for (var i = 0; i < columns; i++)
                    {
                        if (transposed)
                        {
                            sums[(r * outputs) + i] += (double)input[j] * row[i];
                        }
                        else
                        {
                            sums[(r * outputs) + j] += (double)input[i] * row[i];
                        }
                    }
                }
            }

            for (var r = 0; r < x.Rows; r++)
            {
                var target = Floats(result, r).Slice(h * outputs, outputs);
                for (var o = 0; o < outputs; o++)
                {
                    target[o] = (float)sums[(r * outputs) + o];
                }
            }
        }

        return result;
    }

    /// <inheritdoc/>
    public Tensor LatentAttention(Tensor q, Tensor latent, KvLayer kv, AttentionBatch batch, int valueColumns, float scale, Tensor? selection = null)
    {
        OpChecks.LatentAttention(q, latent, kv, batch, valueColumns, selection);
        var heads = q.Columns / kv.HeadSize;
        var result = _workspace.Allocate(DType.F32, q.Rows, heads * valueColumns);
        for (var r = 0; r < q.Rows; r++)
        {
            var (block, offset) = Math.DivRem(Integers(batch.Slots)[r], kv.BlockTokens);
            Store(kv, KvAddress(kv, kv.KeyOffset, block, 0, offset), Floats(latent, r));
        }

        for (var s = 0; s < batch.Sequences; s++)
        {
            var end = Integers(batch.RowStarts)[s + 1];
            for (var r = Integers(batch.RowStarts)[s]; r < end; r++)
            {
                var positions = VisiblePositions(Integers(batch.ContextLengths)[s] - (end - 1 - r), selection, r);
                for (var h = 0; h < heads; h++)
                {
                    AttendLatent(
                        Floats(q, r).Slice(h * kv.HeadSize, kv.HeadSize), kv, Integers(batch.BlockTables, s), positions, scale, Floats(result, r).Slice(h * valueColumns, valueColumns));
                }
            }
        }

        return result;
    }

    /// <summary>All positions of a row, or the selected ones: a row of the selection holds positions in ascending order, then -1.</summary>
    private ReadOnlySpan<int> VisiblePositions(int visible, Tensor? selection, int row)
    {
        if (selection is { } chosen)
        {
            var positions = Integers(chosen, row);
            var end = positions.IndexOf(-1);
            return end < 0 ? positions : positions[..end];
        }

        var all = Scratch(ref _visible, visible).AsSpan(0, visible);
        for (var p = 0; p < visible; p++)
        {
            all[p] = p;
        }

        return all;
    }

    private void AttendLatent(ReadOnlySpan<float> q, KvLayer kv, ReadOnlySpan<int> blocks, ReadOnlySpan<int> positions, float scale, Span<float> result)
    {
        var scores = Scratch(ref _scores, positions.Length).AsSpan(0, positions.Length);
        var most = double.NegativeInfinity;
        for (var i = 0; i < positions.Length; i++)
        {
            var key = KvAddress(kv, kv.KeyOffset, blocks[positions[i] / kv.BlockTokens], 0, positions[i] % kv.BlockTokens);
            double score = 0;
            for (var c = 0; c < q.Length; c++)
            {
                score += (double)q[c] * Load(kv, key, c);
            }

            scores[i] = score * scale;
            most = Math.Max(most, scores[i]);
        }

        var mixed = Scratch(ref _mixed, result.Length).AsSpan(0, result.Length);
        mixed.Clear();
        double total = 0;
        for (var i = 0; i < positions.Length; i++)
        {
            var share = Math.Exp(scores[i] - most);
            total += share;
            var value = KvAddress(kv, kv.KeyOffset, blocks[positions[i] / kv.BlockTokens], 0, positions[i] % kv.BlockTokens);
            for (var c = 0; c < result.Length; c++)
            {
                mixed[c] += share * Load(kv, value, c);
            }
        }

        for (var c = 0; c < result.Length; c++)
        {
            result[c] = (float)(mixed[c] / total);
        }
    }
}
