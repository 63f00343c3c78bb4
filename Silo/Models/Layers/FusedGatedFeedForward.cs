using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>A gated feed-forward network whose gate and up projections are stored as one matrix, the gate's rows first.</summary>
/// <param name="at">Where "gate_up_proj" and "down_proj" are.</param>
/// <param name="hidden">Columns of the input and of the result.</param>
/// <param name="intermediate">Columns between.</param>
internal sealed class FusedGatedFeedForward(Checkpoint at, int hidden, int intermediate) : IFeedForward
{
    private readonly Linear _gateUp = new(at.At("gate_up_proj"), 2 * intermediate, hidden);
    private readonly Linear _down = new(at.At("down_proj"), hidden, intermediate);

    /// <inheritdoc/>
    public Tensor Forward(Tensor x, IOps ops)
    {
        var both = _gateUp.Forward(x, ops);                                             // [rows, 2 * intermediate]
        var gate = both.ColumnSlice(0, intermediate);
        ops.SiluMultiply(gate, both.ColumnSlice(intermediate, intermediate));
        return _down.Forward(gate, ops);                                                // [rows, hidden]
    }
}
