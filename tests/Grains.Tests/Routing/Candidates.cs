using CsCheck;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Routing;

namespace XLLM.Grains.Tests.Routing;

/// <summary>Random replicas and requests.</summary>
internal static class Candidates
{
    public static readonly Gen<ReplicaCandidate[]> Any =
        from pending in Gen.Int[0, 5000].Array[1, 12]
        from cached in Gen.Int[0, 40].Array[pending.Length]
        from routed in Gen.Int[0, 3000].Array[pending.Length]
        from running in Gen.Int[0, 64].Array[pending.Length]
        from used in Gen.Int[0, 1000].Array[pending.Length]
        from measured in Gen.Bool.Array[pending.Length]
        select pending.Select((tokens, i) => Create(i, tokens, routed[i], cached[i], running[i], used[i], measured[i] ? Model : null)).ToArray();

    /// <summary>5 ms a step, 0.1 ms a row, 50 ns an attended token.</summary>
    public static readonly StepTimeModel Model = new(5e-3, 1e-4, 0, 0, 5e-8);

    public static readonly Gen<SelectionRequest> AnyRequest =
        from tokens in Gen.Int[1, 1000]
        from turn in Gen.Long[0, long.MaxValue]
        from draw in Gen.ULong
        select new SelectionRequest(default, tokens, 16, turn, draw);

    public static ReplicaCandidate Create(
        int number, int pendingTokens, int routedTokens = 0, int cachedBlocks = 0, int running = 0, int usedBlocks = 0, StepTimeModel? model = null)
    {
        var load = new ReplicaLoad
        {
            PendingTokens = pendingTokens, RunningSequences = running, TotalBlocks = 1000, FreeBlocks = 1000 - usedBlocks, MaxStepTokens = 512, StepTimes = model,
        };
        return new(new ReplicaKey("tiny", $"127.0.0.1:{number}@1"), load, routedTokens, cachedBlocks);
    }
}
