namespace XLLM.Silo.Sampling;

/// <summary>What came of drawing a token.</summary>
/// <param name="Token">The token; meaningless if <paramref name="Fault"/> says something.</param>
/// <param name="Logprob">Its log probability where asked for, else 0.</param>
/// <param name="TopCount">Most probable tokens written beside it; 0 where not asked for.</param>
/// <param name="Fault">Why no token could be drawn, or null.</param>
internal readonly record struct SampledToken(int Token, float Logprob, int TopCount, string? Fault);
