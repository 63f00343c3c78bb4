using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    /// <inheritdoc/>
    public Tensor Rows(Tensor x, Tensor indices)
    {
        OpChecks.Rows(x, indices);
        var result = _workspace.Allocate(DType.F32, indices.Columns, x.Columns);
        for (var r = 0; r < result.Rows; r++)
        {
            Floats(x, Integers(indices)[r]).CopyTo(Floats(result, r));
        }

        return result;
    }
}
