namespace XLLM.Silo.Templates.Evaluation;

/// <summary>What a slot holds when its scope is entered.</summary>
/// <param name="Slot">The slot.</param>
/// <param name="Name">The variable of the rendering to read, or null.</param>
/// <param name="Outer">The outer variable to copy, when <paramref name="Name"/> is null; null for nothing.</param>
internal sealed record SlotLoad(int Slot, string? Name, VariablePlace? Outer);
