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
        select pending.Select((tokens, i) => Create(i, tokens, routed[i], cached[i])).ToArray();

    public static readonly Gen<SelectionRequest> AnyRequest =
        from tokens in Gen.Int[1, 1000]
        from turn in Gen.Long[0, long.MaxValue]
        from draw in Gen.ULong
        select new SelectionRequest(default, tokens, 16, turn, draw);

    public static ReplicaCandidate Create(int number, int pendingTokens, int routedTokens = 0, int cachedBlocks = 0) =>
        new(new ReplicaKey("tiny", $"127.0.0.1:{number}@1"), new ReplicaLoad { PendingTokens = pendingTokens }, routedTokens, cachedBlocks);
}
