using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Layers;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Adapters;

/// <summary>The adapters of one model: loaded and unloaded between its steps, chosen row by row in each. Called by the model's thread alone.</summary>
/// <remarks>A row's result depends on its own adapter and on no other row (decision D2), so sequences with different adapters and with none share a step.</remarks>
internal sealed class LoraAdapters
{
    /// <summary>Where every row of a step passes in the batch's order. The head sees chosen rows only, a vision encoder other rows.</summary>
    private static readonly string[] Places = ["model.layers.", "model.language_model.layers.", "language_model.model.layers."];

    private const int FaultsShown = 5;

    private readonly Dictionary<string, Linear> _linears;
    private readonly IBackend _backend;
    private readonly HashSet<LoraAdapter> _loaded = [];
    private readonly AdapterStep _step = new();

    /// <param name="linears">The model's linear layers.</param>
    /// <param name="backend">Imports the factors.</param>
    public LoraAdapters(IEnumerable<Linear> linears, IBackend backend)
    {
        _linears = linears.Where(linear => Places.Any(place => linear.Name.StartsWith(place, StringComparison.Ordinal))).ToDictionary(linear => linear.Name, StringComparer.Ordinal);
        _backend = backend;
    }

    /// <summary>Adapters that are loaded.</summary>
    public int Count => _loaded.Count;

    /// <summary>Brings an adapter into the model. Until a step names it, nothing changes.</summary>
    /// <exception cref="CheckpointException">It does not fit the model; all faults are named, and nothing is loaded.</exception>
    public void Load(LoraAdapter adapter)
    {
        var faults = adapter.Products.Select(Fault).OfType<string>().ToArray();
        if (faults.Length > 0)
        {
            throw new CheckpointException(
                $"{adapter.Place}: the adapter does not fit this model: {string.Join("; ", faults.Take(FaultsShown))}{(faults.Length > FaultsShown ? $"; and {faults.Length - FaultsShown} more faults" : string.Empty)}");
        }

        if (!_loaded.Add(adapter))
        {
            return;
        }

        foreach (var product in adapter.Products)
        {
            var down = _backend.ImportWeight(product.Down);
            _linears[product.Module].Attach(_step, adapter, down, _backend.ImportWeight(Scaled(product.Up, product.Scale)));
        }
    }

    /// <summary>Takes an adapter out of the model. No step may be running.</summary>
    public void Unload(LoraAdapter adapter)
    {
        if (_loaded.Remove(adapter))
        {
            foreach (var product in adapter.Products)
            {
                _linears[product.Module].Detach(adapter);
            }
        }
    }

    /// <summary>Says which rows of the next step use which adapter.</summary>
    /// <param name="runs">Runs that do not overlap; kept, not copied.</param>
    /// <param name="rows">Rows of the step.</param>
    /// <exception cref="ArgumentException">A run is outside the step, or its adapter is not loaded.</exception>
    public void Use(IReadOnlyList<AdapterRows> runs, int rows)
    {
        for (var i = 0; i < runs.Count; i++)
        {
            var (adapter, first, count) = runs[i];
            if (first < 0 || count < 0 || first + count > rows)
            {
                throw new ArgumentException($"rows {first} to {first + count} of an adapter are not in a step of {rows}", nameof(runs));
            }

            if (!_loaded.Contains(adapter))
            {
                throw new ArgumentException($"adapter {adapter.Place} is not loaded", nameof(runs));
            }
        }

        (_step.Runs, _step.Rows) = (runs, rows);
    }

    private string? Fault(LoraProduct product)
    {
        if (!_linears.TryGetValue(product.Module, out var linear))
        {
            return $"no linear layer \"{product.Module}\" that an adapter may add to{SimilarNames.Hint(product.Module, _linears.Keys)}";
        }

        return product.Down.Shape[1] == linear.Inputs && product.Up.Shape[0] == linear.Outputs
            ? null
            : $"\"{product.Module}\" goes from {product.Down.Shape[1]} to {product.Up.Shape[0]} columns, in the model from {linear.Inputs} to {linear.Outputs}";
    }

    /// <summary>The scale goes into the factor: one product less in every step, in F32 so that it costs no rounding of bf16.</summary>
    private static HostTensor Scaled(HostTensor up, float scale)
    {
        var scaled = HostMemory.Tensor(up.Name, DType.F32, [.. up.Shape]);
        var values = scaled.Values<float>();
        up.ReadFloats(0, values);
        foreach (ref var value in values)
        {
            value *= scale;
        }

        return scaled;
    }
}
