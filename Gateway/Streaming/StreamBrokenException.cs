namespace XLLM.Gateway.Streaming;

/// <summary>A stream ended with an error that its client has been told; what is left is to log it.</summary>
internal sealed class StreamBrokenException(Exception cause) : Exception(cause.Message, cause);
