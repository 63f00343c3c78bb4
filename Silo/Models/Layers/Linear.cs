using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>y = x * weight^T, plus a bias where the checkpoint has one.</summary>
internal sealed class Linear
{
    private readonly Weight _weight;
    private readonly Tensor? _bias;

    /// <param name="at">Where "weight" and "bias" are.</param>
    /// <param name="outputs">Columns of the result.</param>
    /// <param name="inputs">Columns of the input.</param>
    /// <param name="bias">Whether there is a bias.</param>
    public Linear(Checkpoint at, int outputs, int inputs, bool bias = false)
    {
        _weight = at.Matrix("weight", outputs, inputs);
        _bias = bias ? at.Vector("bias", outputs) : null;
    }

    /// <summary>Uses a weight that another layer has taken (a tied head).</summary>
    public Linear(Weight weight) => _weight = weight;

    /// <param name="x">[rows, inputs].</param>
    /// <param name="ops">The backend's operations.</param>
    /// <returns>[rows, outputs].</returns>
    public Tensor Forward(Tensor x, IOps ops) => ops.Linear(x, _weight, _bias);
}
