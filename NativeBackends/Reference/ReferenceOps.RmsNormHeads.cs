using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    /// <inheritdoc/>
    public void RmsNormHeads(Tensor x, Tensor weight, float epsilon)
    {
        OpChecks.RmsNormHeads(x, weight);
        var headSize = weight.Columns;
        for (var r = 0; r < x.Rows; r++)
        {
            for (var start = 0; start < x.Columns; start += headSize)
            {
                var head = Floats(x, r).Slice(start, headSize);
                Normalize(head, Floats(weight, 0), epsilon, head);
            }
        }
    }
}
