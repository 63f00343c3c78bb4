using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    /// <inheritdoc/>
    public Tensor WeightedRows(Weight table, Tensor indices, Tensor weights)
    {
        OpChecks.WeightedRows(table, indices, weights);
        var result = _workspace.Allocate(DType.F32, indices.Rows, table.Columns);
        var entry = Scratch(ref _weightRow, table.Columns).AsSpan(0, table.Columns);
        var sums = Scratch(ref _mixed, table.Columns).AsSpan(0, table.Columns);
        for (var r = 0; r < result.Rows; r++)
        {
            sums.Clear();
            for (var j = 0; j < indices.Columns; j++)
            {
                WeightRows.Read(table, Integers(indices, r)[j], entry);
                for (var c = 0; c < entry.Length; c++)
                {
                    sums[c] += (double)Floats(weights, r)[j] * entry[c];
                }
            }

            for (var c = 0; c < sums.Length; c++)
            {
                Floats(result, r)[c] = (float)sums[c];
            }
        }

        GC.KeepAlive(table);
        return result;
    }
}
