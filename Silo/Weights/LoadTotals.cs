namespace XLLM.Silo.Weights;

/// <summary>What a model took from its checkpoint.</summary>
/// <param name="Tensors">Number of tensors.</param>
/// <param name="Parameters">Elements of all of them.</param>
/// <param name="Bytes">Bytes of all of them, as stored.</param>
internal readonly record struct LoadTotals(int Tensors, long Parameters, long Bytes);
