namespace XLLM.Grains.Interfaces.Client;

/// <summary>Names that silos and clients of one cluster must agree on, unless both are configured otherwise.</summary>
public static class ClusterNames
{
    /// <summary>Cluster id: silos with the same one are one cluster.</summary>
    public const string ClusterId = "xllm";

    /// <summary>Service id: stored state belongs to it, and outlives clusters.</summary>
    public const string ServiceId = "xllm";
}
