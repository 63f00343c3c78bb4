using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>Root-mean-square normalization, of whole rows or of every head by itself.</summary>
/// <param name="at">Where "weight" is.</param>
/// <param name="columns">Columns of a row, or of a head.</param>
/// <param name="epsilon">Added to the mean square.</param>
/// <param name="zeroCentered">Whether the checkpoint stores the weights less one.</param>
internal sealed class RmsNorm(Checkpoint at, int columns, float epsilon, bool zeroCentered = false) : INorm
{
    private readonly Tensor _weight = zeroCentered ? at.VectorPlusOne("weight", columns) : at.Vector("weight", columns);

    /// <inheritdoc/>
    public Tensor Forward(Tensor x, IOps ops) => ops.RmsNorm(x, _weight, epsilon);

    /// <param name="x">[rows, heads * columns]; overwritten.</param>
    /// <param name="ops">The backend's operations.</param>
    public void ForwardHeads(Tensor x, IOps ops) => ops.RmsNormHeads(x, _weight, epsilon);
}
