using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    /// <inheritdoc/>
    public Tensor LayerNorm(Tensor x, Tensor weight, Tensor bias, float epsilon)
    {
        OpChecks.LayerNorm(x, weight, bias);
        var result = _workspace.Allocate(DType.F32, x.Rows, x.Columns);
        for (var r = 0; r < x.Rows; r++)
        {
            var row = Floats(x, r);
            var mean = 0.0;
            foreach (var value in row)
            {
                mean += value;
            }

            mean /= row.Length;
            var variance = 0.0;
            foreach (var value in row)
            {
                variance += (value - mean) * (value - mean);
            }

            var factor = 1 / Math.Sqrt((variance / row.Length) + epsilon);
            for (var c = 0; c < row.Length; c++)
            {
                Floats(result, r)[c] = (float)(((row[c] - mean) * factor * Floats(weight, 0)[c]) + Floats(bias, 0)[c]);
            }
        }

        return result;
    }
}
