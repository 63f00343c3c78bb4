using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    /// <inheritdoc/>
    public Tensor Embedding(Tensor ids, Weight table)
    {
        OpChecks.Embedding(ids, table);
        var result = _workspace.Allocate(DType.F32, ids.Columns, table.Columns);
        for (var r = 0; r < result.Rows; r++)
        {
            WeightRows.Read(table, Integers(ids)[r], Floats(result, r));
        }

        GC.KeepAlive(table);
        return result;
    }
}
