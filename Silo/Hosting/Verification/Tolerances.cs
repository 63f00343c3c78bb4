namespace XLLM.Silo.Hosting.Verification;

/// <summary>What an engine that computes in float32 may differ by. Source: the README beside the golden cases.</summary>
internal static class Tolerances
{
    /// <summary>Largest absolute difference of a logit or of a hidden state. The reference differs from its own float64 run by at most 2e-4.</summary>
    public const float Float32 = 2e-3f;

    /// <summary>Greedy tokens count as long as the best logit led by at least this: twice the tolerance of a logit.</summary>
    public const float GreedyMargin = 2 * Float32;
}
