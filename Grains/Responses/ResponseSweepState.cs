namespace XLLM.Grains.Responses;

/// <summary>What is stored of a page. Stored rows outlive versions: ids are never reused or given another type.</summary>
[GenerateSerializer, Immutable, Alias("xllm.response-sweep-state")]
internal sealed record ResponseSweepState
{
    /// <summary>Ids of responses that are stored, or were.</summary>
    [Id(0)]
    public string[] Responses { get; init; } = [];
}
