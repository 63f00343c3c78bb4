using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Adapters;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>y = x * weight^T, plus a bias where the checkpoint has one, plus the low-rank product of an adapter where a row has one.</summary>
internal sealed class Linear : INamedModule
{
    private readonly Weight _weight;
    private readonly Tensor? _bias;
    private LowRankTerms? _terms;

    /// <param name="at">Where "weight" and "bias" are.</param>
    /// <param name="outputs">Columns of the result.</param>
    /// <param name="inputs">Columns of the input.</param>
    /// <param name="bias">Whether there is a bias.</param>
    public Linear(Checkpoint at, int outputs, int inputs, bool bias = false)
    {
        Name = at.Name;
        _weight = at.Matrix("weight", outputs, inputs);
        _bias = bias ? at.Vector("bias", outputs) : null;
        at.Register(this);
    }

    /// <summary>Uses a weight that another layer has taken (a tied head).</summary>
    public Linear(Weight weight) => (Name, _weight) = (string.Empty, weight);

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Columns of the input.</summary>
    public int Inputs => _weight.Columns;

    /// <summary>Columns of the result.</summary>
    public int Outputs => _weight.Rows;

    /// <param name="x">[rows, inputs].</param>
    /// <param name="ops">The backend's operations.</param>
    /// <returns>[rows, outputs].</returns>
    public Tensor Forward(Tensor x, IOps ops)
    {
        var y = ops.Linear(x, _weight, _bias);
        _terms?.Add(x, y, ops);
        return y;
    }

    /// <summary>Adds an adapter's product to the rows that use it.</summary>
    /// <param name="step">Says which rows those are.</param>
    /// <param name="adapter">The adapter.</param>
    /// <param name="down">[rank, inputs].</param>
    /// <param name="up">[outputs, rank], scaled.</param>
    public void Attach(AdapterStep step, LoraAdapter adapter, Weight down, Weight up) => (_terms ??= new(step)).Set(adapter, down, up);

    /// <summary>Forgets an adapter's product.</summary>
    public void Detach(LoraAdapter adapter)
    {
        if (_terms?.Remove(adapter) == 0)
        {
            _terms = null;
        }
    }
}
