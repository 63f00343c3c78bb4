using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    /// <inheritdoc/>
    public void PutRows(Tensor x, Tensor rows, Tensor y)
    {
        OpChecks.PutRows("put_rows", x, rows, y);
        for (var i = 0; i < y.Rows; i++)
        {
            Floats(y, i).CopyTo(Floats(x, Integers(rows)[i]));
        }
    }

    /// <inheritdoc/>
    public void AddRows(Tensor x, Tensor rows, Tensor y)
    {
        OpChecks.PutRows("add_rows", x, rows, y);
        for (var i = 0; i < y.Rows; i++)
        {
            var sums = Floats(x, Integers(rows)[i]);
            var terms = Floats(y, i);
            for (var c = 0; c < sums.Length; c++)
            {
                sums[c] += terms[c];
            }
        }
    }
}
