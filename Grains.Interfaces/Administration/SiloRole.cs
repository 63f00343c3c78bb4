namespace XLLM.Grains.Interfaces.Administration;

/// <summary>What a silo is for.</summary>
[GenerateSerializer, Alias("xllm.silo-role")]
public enum SiloRole
{
    /// <summary>Engines, grains and HTTP in one process: the default.</summary>
    Both = 0,

    /// <summary>Models and grains; of HTTP only health, metrics and administration.</summary>
    Engine = 1,

    /// <summary>HTTP and routing; no model, and no grain that keeps state.</summary>
    Gateway = 2,
}
