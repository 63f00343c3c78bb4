using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    private double[] _indexScores = [];

    /// <inheritdoc/>
    public Tensor SelectPositions(Tensor q, Tensor keys, Tensor weights, KvLayer kv, AttentionBatch batch, int most, float scale)
    {
        OpChecks.SelectPositions(q, keys, weights, kv, batch, most);
        var result = _workspace.Allocate(DType.I32, q.Rows, OpChecks.SelectedColumns(kv, batch, most));
        for (var r = 0; r < q.Rows; r++)
        {
            var (block, offset) = Math.DivRem(Integers(batch.Slots)[r], kv.BlockTokens);
            Store(kv, KvAddress(kv, kv.KeyOffset, block, 0, offset), Floats(keys, r));
        }

        for (var s = 0; s < batch.Sequences; s++)
        {
            var end = Integers(batch.RowStarts)[s + 1];
            for (var r = Integers(batch.RowStarts)[s]; r < end; r++)
            {
                var visible = Integers(batch.ContextLengths)[s] - (end - 1 - r);
                var scores = Scratch(ref _indexScores, visible).AsSpan(0, visible);
                ScoreKeys(Floats(q, r), Floats(weights, r), kv, Integers(batch.BlockTables, s), scale, scores);
                Select(scores, most, new Span<int>((int*)result.Data + ((long)r * result.RowStride), result.Columns));
            }
        }

        return result;
    }

    private static void ScoreKeys(ReadOnlySpan<float> q, ReadOnlySpan<float> weights, KvLayer kv, ReadOnlySpan<int> blocks, float scale, Span<double> scores)
    {
        for (var p = 0; p < scores.Length; p++)
        {
            var key = KvAddress(kv, kv.KeyOffset, blocks[p / kv.BlockTokens], 0, p % kv.BlockTokens);
            scores[p] = 0;
            for (var h = 0; h < weights.Length; h++)
            {
                var product = 0.0;
                for (var c = 0; c < kv.HeadSize; c++)
                {
                    product += (double)q[(h * kv.HeadSize) + c] * Load(kv, key, c);
                }

                scores[p] += weights[h] * Math.Max(0, product);
            }

            scores[p] *= scale;
        }
    }

    /// <summary>A position is chosen where fewer than <paramref name="most"/> others come before it: greater scores, and among equals lower positions.</summary>
    private static void Select(ReadOnlySpan<double> scores, int most, Span<int> selected)
    {
        var next = 0;
        for (var p = 0; p < scores.Length; p++)
        {
            var before = 0;
            for (var other = 0; other < scores.Length; other++)
            {
                before += scores[other] > scores[p] || (scores[other] == scores[p] && other < p) ? 1 : 0;
            }

            if (before < most)
            {
                selected[next++] = p;
            }
        }

        selected[next..].Fill(-1);
    }
}
