using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Silo.Diagnostics;

/// <summary>An engine's counts at one moment.</summary>
/// <param name="RunningSequences">Sequences that hold KV blocks.</param>
/// <param name="WaitingSequences">Sequences that wait for KV blocks.</param>
/// <param name="PendingTokens">Tokens whose keys and values are not computed yet, running or waiting.</param>
/// <param name="FreeBlocks">KV blocks that a sequence could have now, evictable cached ones included.</param>
/// <param name="CachedBlocks">KV blocks that can be found by their prefix hash, used or not.</param>
/// <param name="TotalBlocks">All KV blocks.</param>
/// <param name="QueriedTokens">Tokens looked for in the prefix cache, since the start.</param>
/// <param name="HitTokens">Of those, the tokens found.</param>
/// <param name="Evictions">Cached KV blocks dropped to make room, since the start.</param>
/// <param name="Preemptions">Sequences preempted, since the start.</param>
/// <param name="StepTime">Moving average of the duration of a step.</param>
/// <param name="PendingAttention">Pairs of a row and a token that it attends to, for the rows of <paramref name="PendingTokens"/>.</param>
/// <param name="StepTimes">How long steps take; null until enough were measured.</param>
internal readonly record struct EngineGauges(
    int RunningSequences,
    int WaitingSequences,
    long PendingTokens,
    int FreeBlocks,
    int CachedBlocks,
    int TotalBlocks,
    long QueriedTokens,
    long HitTokens,
    long Evictions,
    long Preemptions,
    TimeSpan StepTime,
    long PendingAttention = 0,
    StepTimeModel? StepTimes = null);
