namespace XLLM.Silo.Hosting;

/// <summary>The process cannot start, for a reason that its user can mend. The message is one line that names the remedy; it is printed as it is.</summary>
internal sealed class StartException(string message, Exception? inner = null) : Exception(message, inner);
