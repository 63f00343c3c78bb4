using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    /// <inheritdoc/>
    public void SiluMultiply(Tensor gate, Tensor up)
    {
        OpChecks.SiluMultiply(gate, up);
        for (var r = 0; r < gate.Rows; r++)
        {
            var gates = Floats(gate, r);
            var factors = Floats(up, r);
            for (var c = 0; c < gates.Length; c++)
            {
                double a = gates[c];
                gates[c] = (float)(a / (1 + Math.Exp(-a)) * factors[c]);
            }
        }
    }
}
