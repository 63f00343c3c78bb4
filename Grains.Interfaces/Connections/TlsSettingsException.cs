namespace XLLM.Grains.Interfaces.Connections;

/// <summary>A file that <see cref="TlsSettings"/> name cannot be used. The message says which, and why.</summary>
public sealed class TlsSettingsException(string message, Exception? inner = null) : Exception(message, inner);
