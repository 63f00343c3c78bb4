namespace XLLM.Silo.Weights;

/// <summary>How far the loading of a checkpoint is.</summary>
/// <param name="Tensors">Tensors taken so far.</param>
/// <param name="TotalTensors">Tensors that the checkpoint holds; null where they are made on demand.</param>
/// <param name="Bytes">Bytes of the tensors taken so far.</param>
/// <param name="TotalBytes">Bytes that the checkpoint holds; null where they are made on demand.</param>
internal readonly record struct LoadProgress(int Tensors, int? TotalTensors, long Bytes, long? TotalBytes);
