namespace XLLM.NativeBackends.Ops;

/// <summary>An op or a backend refused its arguments or failed. The message names the op and both numbers that disagree.</summary>
public sealed class OpException(string message, Exception? inner = null) : Exception(message, inner);
