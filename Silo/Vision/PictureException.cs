namespace XLLM.Silo.Vision;

/// <summary>A picture of a request cannot be used: the caller's fault, so the message is written for the caller and holds both numbers where a limit was passed.</summary>
internal sealed class PictureException(string message, Exception? inner = null) : Exception(message, inner);
