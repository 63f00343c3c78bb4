namespace XLLM.Silo.Weights;

/// <summary>A model folder cannot be loaded. The message names the file, and the tensor or field, with the numbers that disagree.</summary>
internal class CheckpointException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A model folder is in order as far as it was read, but asks for something that this build does not have.</summary>
internal sealed class UnsupportedModelException(string message) : CheckpointException(message);
