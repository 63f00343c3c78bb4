using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    private double[] _expertSums = [];

    /// <inheritdoc/>
    public Tensor Experts(Tensor x, ExpertChoice choice, ExpertWeights experts)
    {
        OpChecks.Experts(x, choice, experts);
        var result = _workspace.Allocate(DType.F32, x.Rows, x.Columns);
        var sums = Scratch(ref _expertSums, x.Columns).AsSpan(0, x.Columns);
        for (var r = 0; r < x.Rows; r++)
        {
            var row = x.RowSlice(r, 1);
            sums.Clear();
            for (var i = 0; i < choice.Ids.Columns; i++)
            {
                var expert = Integers(choice.Ids, r)[i];
                double weight = Floats(choice.Weights, r)[i];
                var gate = Linear(row, experts.Gate[expert]);
                SiluMultiply(gate, Linear(row, experts.Up[expert]));
                var output = Floats(Linear(gate, experts.Down[expert]), 0);
                for (var c = 0; c < sums.Length; c++)
                {
                    sums[c] += weight * output[c];
                }
            }

            var target = Floats(result, r);
            for (var c = 0; c < sums.Length; c++)
            {
                target[c] = (float)sums[c];
            }
        }

        return result;
    }
}
