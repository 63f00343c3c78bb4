using XLLM.Grains.Routing;
using XLLM.Simulator.Replicas;

namespace XLLM.Simulator;

/// <summary>What a replay depends on besides the trace. The same settings and trace give the same result, bit for bit.</summary>
internal sealed record ReplaySettings
{
    /// <summary>Replicas.</summary>
    public int Replicas { get; init; } = 8;

    /// <summary>How much faster requests come than recorded.</summary>
    public double Speed { get; init; } = 1;

    /// <summary>Every replica's engine.</summary>
    public EngineShape Engine { get; init; } = EngineShape.Llama70;

    /// <summary>Silos that route, each with a view of its own; requests take turns.</summary>
    public int Routers { get; init; } = 1;

    /// <summary>Seconds between two announcements of a replica; replicas announce at different times.</summary>
    public double Heartbeat { get; init; } = 1;

    /// <summary>Seconds from a KV event to the routers' table.</summary>
    public double EventDelay { get; init; } = 0.05;

    /// <summary>Of the routers' draws.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Most requests to replay.</summary>
    public int MostRequests { get; init; } = int.MaxValue;

    /// <summary>Policy, weights, objectives.</summary>
    public RoutingOptions Routing { get; init; } = new();
}
