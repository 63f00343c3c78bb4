using XLLM.Silo.Models.Adapters;

namespace XLLM.Silo.Models;

/// <summary>A model that is ready to compute. Its weights live as long as it does.</summary>
/// <param name="Model">The wiring.</param>
/// <param name="Info">What it says about itself.</param>
/// <param name="Adapters">What can be added to it at run time; none is loaded.</param>
internal sealed record LoadedModel(ICausalModel Model, ModelInfo Info, LoraAdapters Adapters);
