namespace XLLM.Grains.Routing;

/// <summary>The better of two random replicas: nearly as even as the best of all, and many routers with the same old loads do not all run to the same one.</summary>
/// <remarks>Source: Mitzenmacher 2001, "The power of two choices in randomized load balancing", IEEE TPDS 12(10).</remarks>
internal sealed class PowerOfTwoChoices : IReplicaSelector
{
    /// <inheritdoc/>
    public string Name => "power-of-two";

    /// <inheritdoc/>
    public Selection Select(ReadOnlySpan<ReplicaCandidate> candidates, in SelectionRequest request)
    {
        var count = (ulong)candidates.Length;
        if (count == 1)
        {
            return new Selection(0, "better of two");
        }

        // Two different candidates from one draw: the upper half picks the first, the lower half one of the others.
        var first = (int)((request.Draw >> 32) * count >> 32);
        var second = (int)((request.Draw & uint.MaxValue) * (count - 1) >> 32);
        second += second >= first ? 1 : 0;
        return new Selection(ReplicaCost.Compare(candidates[second], candidates[first], request) < 0 ? second : first, "better of two");
    }
}
