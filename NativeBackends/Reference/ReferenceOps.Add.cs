using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    /// <inheritdoc/>
    public void Add(Tensor x, Tensor y)
    {
        OpChecks.Add(x, y);
        for (var r = 0; r < x.Rows; r++)
        {
            var sums = Floats(x, r);
            var terms = Floats(y, r);
            for (var c = 0; c < sums.Length; c++)
            {
                sums[c] += terms[c];
            }
        }
    }
}
