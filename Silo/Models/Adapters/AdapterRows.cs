namespace XLLM.Silo.Models.Adapters;

/// <summary>Rows of a step that an adapter is added to; rows in no run are the base model's.</summary>
/// <param name="Adapter">Loaded in the model's <see cref="LoraAdapters"/>.</param>
/// <param name="First">First row.</param>
/// <param name="Count">Rows.</param>
internal readonly record struct AdapterRows(LoraAdapter Adapter, int First, int Count);

/// <summary>Which rows of the step that is being computed use which adapter: one object for all linear layers of a model.</summary>
internal sealed class AdapterStep
{
    /// <summary>The runs; empty: the base model alone.</summary>
    public IReadOnlyList<AdapterRows> Runs { get; set; } = [];

    /// <summary>Rows of the step.</summary>
    public int Rows { get; set; }
}
