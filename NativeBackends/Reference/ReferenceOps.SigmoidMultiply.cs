using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    /// <inheritdoc/>
    public void SigmoidMultiply(Tensor x, Tensor gate)
    {
        OpChecks.SigmoidMultiply(x, gate);
        var width = x.Columns / gate.Columns;
        for (var r = 0; r < x.Rows; r++)
        {
            var values = Floats(x, r);
            var gates = Floats(gate, r);
            for (var c = 0; c < values.Length; c++)
            {
                values[c] = (float)(values[c] / (1 + Math.Exp(-(double)gates[c / width])));
            }
        }
    }
}
