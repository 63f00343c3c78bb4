using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>second(gelu(first(x))), both with biases.</summary>
/// <param name="first">Where the first projection's "weight" and "bias" are.</param>
/// <param name="second">Where the second one's are.</param>
/// <param name="inputs">Columns of the input.</param>
/// <param name="intermediate">Columns between.</param>
/// <param name="outputs">Columns of the result.</param>
/// <param name="kind">Which form of GELU.</param>
internal sealed class GeluFeedForward(Checkpoint first, Checkpoint second, int inputs, int intermediate, int outputs, GeluKind kind) : IFeedForward
{
    private readonly Linear _first = new(first, intermediate, inputs, bias: true);
    private readonly Linear _second = new(second, outputs, intermediate, bias: true);

    /// <inheritdoc/>
    public Tensor Forward(Tensor x, IOps ops)
    {
        var between = _first.Forward(x, ops);                                           // [rows, intermediate]
        ops.Gelu(between, kind);
        return _second.Forward(between, ops);                                           // [rows, outputs]
    }
}
