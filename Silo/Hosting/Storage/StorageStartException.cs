namespace XLLM.Silo.Hosting.Storage;

/// <summary>The storage cannot be used. The message is one line for the person who starts the silo: which file, what is wrong, what to do.</summary>
internal sealed class StorageStartException(string path, string fault, string remedy, Exception? inner = null)
    : Exception($"storage {path} cannot be used: {fault}; {remedy}", inner);
