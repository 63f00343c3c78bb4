using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>A draft model that is ready to compute beside its target, on the same backend.</summary>
/// <param name="Model">The wiring.</param>
/// <param name="Architecture">As its config.json spells it.</param>
/// <param name="Totals">What it took from its checkpoint; what it shares with the target does not count.</param>
internal sealed record LoadedDraft(IDraftModel Model, string Architecture, LoadTotals Totals);
