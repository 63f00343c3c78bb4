using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    /// <inheritdoc/>
    public Tensor SegmentAttention(Tensor q, Tensor k, Tensor v, Tensor starts, int heads, float scale)
    {
        OpChecks.SegmentAttention(q, k, v, starts, heads);
        var result = _workspace.Allocate(DType.F32, q.Rows, q.Columns);
        var columns = q.Columns / heads;
        for (var s = 0; s + 1 < starts.Columns; s++)
        {
            var (first, end) = (Integers(starts)[s], Integers(starts)[s + 1]);
            for (var r = first; r < end; r++)
            {
                for (var head = 0; head < heads; head++)
                {
                    AttendWithin(q, k, v, first, end, r, head * columns, columns, scale, Floats(result, r).Slice(head * columns, columns));
                }
            }
        }

        return result;
    }

    /// <summary>One head of one row: softmax(scale * q k) v over the rows [first, end).</summary>
    private void AttendWithin(Tensor q, Tensor k, Tensor v, int first, int end, int row, int column, int columns, float scale, Span<float> result)
    {
        var query = Floats(q, row).Slice(column, columns);
        var scores = Scratch(ref _scores, end - first).AsSpan(0, end - first);
        var most = double.NegativeInfinity;
        for (var p = 0; p < scores.Length; p++)
        {
            var key = Floats(k, first + p).Slice(column, columns);
            double score = 0;
            for (var c = 0; c < columns; c++)
            {
                score += (double)query[c] * key[c];
            }

            scores[p] = score * scale;
            most = Math.Max(most, scores[p]);
        }

        var mixed = Scratch(ref _mixed, columns).AsSpan(0, columns);
        mixed.Clear();
        double total = 0;
        for (var p = 0; p < scores.Length; p++)
        {
            var share = Math.Exp(scores[p] - most);
            total += share;
            var value = Floats(v, first + p).Slice(column, columns);
            for (var c = 0; c < columns; c++)
            {
                mixed[c] += share * value[c];
            }
        }

        for (var c = 0; c < columns; c++)
        {
            result[c] = (float)(mixed[c] / total);
        }
    }
}
