using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Grains.Scaling;

/// <summary>What is stored of what is wanted. Stored rows outlive versions: ids are never reused.</summary>
[GenerateSerializer, Immutable, Alias("xllm.deployment-state")]
internal sealed record DeploymentState
{
    /// <summary>One per model, by name.</summary>
    [Id(0)]
    public DeploymentSpec[] Specs { get; init; } = [];
}
