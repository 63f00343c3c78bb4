namespace XLLM.Grains.Ports;

/// <summary>Names of the grain storages that a silo must have.</summary>
public static class StorageNames
{
    /// <summary>Keeps conversations, and whatever else is small and must survive a restart. Must use a version-tolerant binary serializer.</summary>
    public const string Default = "xllm";
}
