using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>Root-mean-square normalization, of whole rows or of every head by itself.</summary>
/// <param name="at">Where "weight" is.</param>
/// <param name="columns">Columns of a row, or of a head.</param>
/// <param name="epsilon">Added to the mean square.</param>
internal sealed class RmsNorm(Checkpoint at, int columns, float epsilon) : INorm
{
    private readonly Tensor _weight = at.Vector("weight", columns);

    /// <inheritdoc/>
    public Tensor Forward(Tensor x, IOps ops) => ops.RmsNorm(x, _weight, epsilon);

    /// <param name="x">[rows, heads * columns]; overwritten.</param>
    /// <param name="ops">The backend's operations.</param>
    public void ForwardHeads(Tensor x, IOps ops) => ops.RmsNormHeads(x, _weight, epsilon);
}
