using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>Normalization of whole rows by mean and variance.</summary>
/// <param name="at">Where "weight" and "bias" are.</param>
/// <param name="columns">Columns of a row.</param>
/// <param name="epsilon">Added to the variance.</param>
internal sealed class LayerNorm(Checkpoint at, int columns, float epsilon) : INorm
{
    private readonly Tensor _weight = at.Vector("weight", columns);
    private readonly Tensor _bias = at.Vector("bias", columns);

    /// <inheritdoc/>
    public Tensor Forward(Tensor x, IOps ops) => ops.LayerNorm(x, _weight, _bias, epsilon);
}
