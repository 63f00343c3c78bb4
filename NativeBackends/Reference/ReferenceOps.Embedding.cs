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
            HostImport.Decode(WeightRow(table, Integers(ids)[r]), table.Format, Floats(result, r));
        }

        GC.KeepAlive(table);
        return result;
    }

    private static byte* WeightRow(Weight weight, int row) =>
        (byte*)weight.Data + ((long)row * weight.Columns * HostImport.ElementSize(weight.Format));
}
