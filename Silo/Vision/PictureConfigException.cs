namespace XLLM.Silo.Vision;

/// <summary>A checkpoint's picture settings cannot be used. The message names the file and every fault in it.</summary>
internal sealed class PictureConfigException(string message, Exception? inner = null) : Exception(message, inner);
