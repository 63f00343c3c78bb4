using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>down(silu(gate(x)) * up(x)). Source: Shazeer 2020, arXiv:2002.05202 (SwiGLU).</summary>
/// <param name="at">Where "gate_proj", "up_proj" and "down_proj" are.</param>
/// <param name="hidden">Columns of the input and of the result.</param>
/// <param name="intermediate">Columns between.</param>
/// <param name="bias">Whether the projections have biases.</param>
internal sealed class GatedFeedForward(Checkpoint at, int hidden, int intermediate, bool bias) : IFeedForward
{
    private readonly Linear _gate = new(at.At("gate_proj"), intermediate, hidden, bias);
    private readonly Linear _up = new(at.At("up_proj"), intermediate, hidden, bias);
    private readonly Linear _down = new(at.At("down_proj"), hidden, intermediate, bias);

    /// <inheritdoc/>
    public Tensor Forward(Tensor x, IOps ops)
    {
        var gate = _gate.Forward(x, ops);                                               // [rows, intermediate]
        ops.SiluMultiply(gate, _up.Forward(x, ops));
        return _down.Forward(gate, ops);                                                // [rows, hidden]
    }
}
