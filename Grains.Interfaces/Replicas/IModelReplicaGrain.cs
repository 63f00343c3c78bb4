using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Grains.Interfaces.Replicas;

/// <summary>One loaded copy of a model, on one silo. Key: <see cref="ReplicaKey"/> as text, which names the silo it is pinned to.</summary>
[Alias("xllm.replica"), GrainInterfaceType("xllm.replica")]
public interface IModelReplicaGrain : IGrainWithStringKey
{
    /// <summary>Generates, in order. The last event, and only the last, is a <see cref="GenerationEnded"/>.</summary>
    /// <param name="request">A checked request.</param>
    /// <param name="cancellationToken">Stops the generation within one step and frees its KV blocks.</param>
    [Alias("generate")]
    IAsyncEnumerable<GenerationEvent> GenerateAsync([Immutable] GenerationRequest request, CancellationToken cancellationToken = default);

    /// <summary>The replica's load after its last step. Cheap: reads one field.</summary>
    [Alias("load")]
    ValueTask<ReplicaLoad> GetLoadAsync();
}

/// <summary>Names a replica: a model on a silo.</summary>
/// <param name="Model">Model name.</param>
/// <param name="Silo">Parsable silo address, with the silo's generation: a restarted silo is another replica.</param>
[GenerateSerializer, Immutable, Alias("xllm.replica-key")]
public readonly record struct ReplicaKey([property: Id(0)] string Model, [property: Id(1)] string Silo)
{
    /// <summary>The grain key: "silo/model".</summary>
    public override string ToString() => $"{Silo}/{Model}";

    /// <summary>Reads a grain key.</summary>
    /// <exception cref="FormatException">Not "silo/model".</exception>
    public static ReplicaKey Parse(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && slash < key.Length - 1
            ? new(key[(slash + 1)..], key[..slash])
            : throw new FormatException($"'{key}' is no replica key: it must be silo/model");
    }
}

/// <summary>How busy a replica is, after its last step.</summary>
[GenerateSerializer, Immutable, Alias("xllm.replica-load")]
public sealed record ReplicaLoad
{
    /// <summary>Sequences that run.</summary>
    [Id(0)]
    public int RunningSequences { get; init; }

    /// <summary>Sequences that wait for a first grant.</summary>
    [Id(1)]
    public int WaitingSequences { get; init; }

    /// <summary>Tokens granted or waiting whose keys and values are not computed yet.</summary>
    [Id(2)]
    public int PendingTokens { get; init; }

    /// <summary>KV blocks that a new sequence could have: free ones and evictable cached ones.</summary>
    [Id(3)]
    public int FreeBlocks { get; init; }

    /// <summary>All KV blocks.</summary>
    [Id(4)]
    public int TotalBlocks { get; init; }

    /// <summary>Mean duration of recent steps.</summary>
    [Id(5)]
    public TimeSpan StepTime { get; init; }

    /// <summary>Pairs of a row and a token that it attends to, for the rows of <see cref="PendingTokens"/>: what attention still has to do.</summary>
    [Id(6)]
    public long PendingAttention { get; init; }

    /// <summary>Most rows of a step; 0 from silos that do not tell.</summary>
    [Id(7)]
    public int MaxStepTokens { get; init; }

    /// <summary>How long its steps take; null until it has measured enough of them.</summary>
    [Id(8)]
    public StepTimeModel? StepTimes { get; init; }

    /// <summary>Most sequences that run at a time; 0 from silos that do not tell.</summary>
    [Id(9)]
    public int MaxRunningSequences { get; init; }

    /// <summary>KV blocks that sequences hold.</summary>
    public int UsedBlocks => TotalBlocks - FreeBlocks;
}

/// <summary>What a replica does. One role today; prefill, decode and encode roles come with disaggregation.</summary>
[GenerateSerializer, Alias("xllm.replica-role")]
public enum ReplicaRole
{
    /// <summary>Prefill and decode.</summary>
    Mixed = 0,
}

/// <summary>Whether a replica takes requests.</summary>
[GenerateSerializer, Alias("xllm.replica-state")]
public enum ReplicaState
{
    /// <summary>Takes requests.</summary>
    Ready = 0,

    /// <summary>Finishes what runs, takes nothing new.</summary>
    Draining = 1,
}
