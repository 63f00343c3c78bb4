using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Models;

/// <summary>Keeps, during a target's step, the hidden states that its draft model takes. Reused from step to step; a warm one allocates nothing.</summary>
/// <param name="layers">Whose input is kept, ascending; the number of layers stands for the output of the final norm.</param>
internal sealed class StateCapture(IReadOnlyList<int> layers)
{
    private Tensor _states;
    private int _taken;

    /// <summary>[rows, layers * hidden]: every row's states side by side in the order of the layers. Valid until the backend's next step.</summary>
    /// <exception cref="InvalidOperationException">The model has not shown all of them.</exception>
    public Tensor States => _taken == layers.Count
        ? _states
        : throw new InvalidOperationException($"the step showed {_taken} of the {layers.Count} hidden states that the draft model takes (layers {string.Join(", ", layers)})");

    /// <summary>Forgets the step before.</summary>
    public void Begin() => _taken = 0;

    /// <summary>Whether this layer's input is the next one wanted.</summary>
    public bool Wants(int layer) => _taken < layers.Count && layers[_taken] == layer;

    /// <summary>Copies the states if they are wanted: the model goes on to overwrite them.</summary>
    /// <param name="layer">Number of the layer that they enter.</param>
    /// <param name="hidden">[rows, hidden].</param>
    /// <param name="ops">The backend's operations.</param>
    public void See(int layer, Tensor hidden, IOps ops)
    {
        if (!Wants(layer))
        {
            return;
        }

        _states = _taken == 0 ? ops.SliceHeads(hidden, hidden.Columns, 0, hidden.Columns) : ops.JoinHeads(_states, hidden, heads: 1);
        _taken++;
    }
}
