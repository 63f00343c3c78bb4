using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Adapters;

namespace XLLM.Silo.Models.Layers;

/// <summary>The low-rank products that adapters add to one linear layer.</summary>
/// <param name="step">Which rows of the step use which adapter.</param>
internal sealed class LowRankTerms(AdapterStep step)
{
    private readonly Dictionary<LoraAdapter, (Weight Down, Weight Up)> _terms = [];

    /// <summary>Adds an adapter's product, or replaces it.</summary>
    public void Set(LoraAdapter adapter, Weight down, Weight up) => _terms[adapter] = (down, up);

    /// <summary>Forgets an adapter's product.</summary>
    /// <returns>How many are left.</returns>
    public int Remove(LoraAdapter adapter)
    {
        _terms.Remove(adapter);
        return _terms.Count;
    }

    /// <summary>y[r] += up * (down * x[r]) for the rows of each adapter that has a product here.</summary>
    /// <param name="x">[rows, inputs].</param>
    /// <param name="y">[rows, outputs]; overwritten.</param>
    /// <param name="ops">The backend's operations.</param>
    public void Add(Tensor x, Tensor y, IOps ops)
    {
        var runs = step.Runs;
        if (runs.Count > 0 && x.Rows != step.Rows)
        {
            throw new OpException($"adapters: a linear layer sees {x.Rows} rows of a step of {step.Rows}");
        }

        for (var i = 0; i < runs.Count; i++)
        {
            if (runs[i].Count > 0 && _terms.TryGetValue(runs[i].Adapter, out var term))
            {
                var part = ops.Linear(x.RowSlice(runs[i].First, runs[i].Count), term.Down);     // [rows, rank]
                ops.Add(y.RowSlice(runs[i].First, runs[i].Count), ops.Linear(part, term.Up));
            }
        }
    }
}
